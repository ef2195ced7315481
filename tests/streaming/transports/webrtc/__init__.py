"""Tests of streaming/transports/webrtc."""
