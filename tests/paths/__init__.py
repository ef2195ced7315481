"""Whole paths, each from the client's first byte to the last screen or socket, between real server processes (docs/architecture.md)."""
