"""Tests of streaming/types."""
