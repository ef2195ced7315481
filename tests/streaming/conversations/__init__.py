"""Tests of streaming/conversations."""
