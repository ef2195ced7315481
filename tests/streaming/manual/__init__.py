"""Streams written as in FastRTC's manual, as a Django app, and what real clients get from each over both transports."""
