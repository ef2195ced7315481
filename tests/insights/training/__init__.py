"""Making the shipped weights."""
