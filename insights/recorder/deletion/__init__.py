"""Deletion, redaction of stored text, and retention: what is removed from rows, events and changes."""
