"""Tests of streaming/aio."""
