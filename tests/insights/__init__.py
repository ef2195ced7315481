"""Tests of the insights wing."""
