"""Tests of the corpus of synthesised speech, and of the figures computed from it."""
