"""Ids in requests: at most 16 decimal digits, as a text."""


def id_number(text: str) -> int:
    """Return the number of an id; 0, which no object has, for a malformed one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 16 else 0
