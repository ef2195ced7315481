"""The value with which a client may renew its session; it gets one if it asks. Whoever knows it is taken for that client."""

import secrets


def new_value() -> str:
    """Return a value that nobody can guess."""
    return secrets.token_urlsafe(24)


def matches(value: str, presented: str) -> bool:
    """Return whether a presented value is that of a session, in a time that tells nothing about it. No value matches an empty one."""
    return bool(value) and secrets.compare_digest(value.encode(), presented.encode(errors="replace"))
