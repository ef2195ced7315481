"""Clients of FastRTC's protocol: they send audio that is recognised in the echo, and record when it comes back."""
