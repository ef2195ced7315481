"""The ids of managed objects: 16 decimal digits, as a text."""


def number(identity: str) -> int:
    """Return the number of an id; 0, which no object has, for a malformed one."""
    return int(identity) if identity.isascii() and identity.isdigit() and len(identity) <= 16 else 0
