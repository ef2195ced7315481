"""Tests of insights/managed."""
