"""Servers that Parley's streams are measured beside, in the same run: FastRTC itself, and the least that can do it."""
