"""Text in, findings out. Pure: no Django, no I/O but loading the shipped weights."""
