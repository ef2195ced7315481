"""Baseline servers for Parley's streams, measured in the same run: FastRTC, and a minimal server."""
