"""Commands that start and measure the whole server."""
