"""Protocols without I/O: converts text and bytes to typed messages and back. Independent of Django."""
