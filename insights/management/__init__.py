"""Management commands of `insights`."""
