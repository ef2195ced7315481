"""Edits by people: what they change, the events of the change, and its undo."""
