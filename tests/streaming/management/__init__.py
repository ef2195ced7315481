"""Tests of the streaming commands."""
