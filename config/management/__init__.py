"""Management commands for the whole server."""
