"""Tests of streaming/transports, with real servers."""
