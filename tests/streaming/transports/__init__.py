"""Tests of the doors, against real servers."""
