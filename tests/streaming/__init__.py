"""Tests of everything that has audio in it."""
