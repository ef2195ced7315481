"""Tests of streaming/audio: bytes to samples."""
