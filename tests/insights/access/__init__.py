"""Tests of insights/access."""
