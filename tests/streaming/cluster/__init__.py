"""Tests of streaming/cluster."""
