"""Streams written the way FastRTC's manual teaches, as a Django app, and what real clients get from each over both transports."""
