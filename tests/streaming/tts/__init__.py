"""Voices that are installed, or pretend to be."""
