"""Tests of streaming/handlers."""
