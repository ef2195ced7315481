"""Parses the `speaker` of a start_request: who speaks, and the further fields that the client wants back."""

import json
from typing import Any

from streaming.protocols.symbl.client_messages import Attribute, StartSpeaker
from streaming.protocols.symbl.fields import UNSTORABLE, Fields
from streaming.protocols.symbl.notices import Notices

NAME_LENGTH = 256
ATTRIBUTES = 16
"""Further fields of a speaker that are kept."""
ATTRIBUTE_NAME_LENGTH = 64
ATTRIBUTE_LENGTH = 256
"""Characters of a further field's value, of a number as JSON writes it."""

_OURS = frozenset({"id", "name", "userid", "email"})
"""Names of `user` and `from` that a client cannot set, in lower case: a typed client reads names in any case."""


def start_speaker(message: Fields, notices: Notices) -> StartSpeaker | None:
    """Return the speaker, None if the client does not say who speaks. Further fields that cannot be kept get a notice."""
    speaker = message.child("speaker")
    name, email = speaker.text("name", NAME_LENGTH), speaker.text("email", NAME_LENGTH)
    user_id = _user_id(speaker) or email
    if not (user_id or name):
        for further, _ in speaker.unread():
            notices.add(speaker.at(further), "is ignored: a speaker needs a userId, an email or a name")
        return None
    return StartSpeaker(user_id or "", name or "", email or "", _attributes(speaker, notices))


def _user_id(speaker: Fields) -> str | None:
    """Return the user id as text; some clients send a number."""
    value = speaker.get("userId")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return Fields({"userId": value}, speaker.path).text("userId", NAME_LENGTH)


def _attributes(speaker: Fields, notices: Notices) -> dict[str, Attribute]:
    kept: dict[str, Attribute] = {}
    for name, value in speaker.unread():
        if why := _refusal(name, value):
            notices.add(speaker.at(name), f"is not kept: {why}")
        elif len(kept) == ATTRIBUTES:
            notices.add(speaker.at(name), f"is not kept: a speaker may have at most {ATTRIBUTES} further fields")
        else:
            kept[name] = value
    return kept


def _refusal(name: str, value: Any) -> str:
    """Return why a further field cannot be kept; empty if it can."""
    if name.lower() in _OURS:
        return "the server sets this name"
    if not 1 <= len(name) <= ATTRIBUTE_NAME_LENGTH:
        return f"a name must have 1 to {ATTRIBUTE_NAME_LENGTH} characters"
    if not isinstance(value, str | int | float):  # a bool is an int
        return "the value must be a string, a number or a boolean"
    text = value if isinstance(value, str) else json.dumps(value)
    if len(text) > ATTRIBUTE_LENGTH or text in ("Infinity", "-Infinity"):
        return f"the value may be at most {ATTRIBUTE_LENGTH} characters long"
    if UNSTORABLE.search(name + text):
        return "NUL and half surrogate pairs cannot be stored"
    return ""
