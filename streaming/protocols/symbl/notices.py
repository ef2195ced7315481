"""Collects the warnings about a start_request: fields that were accepted and are not carried out, and fields that are unknown."""

from collections.abc import Iterable
from typing import Any

from streaming.protocols.symbl.client_messages import Notice
from streaming.protocols.symbl.fields import Fields, shown

MOST = 24
"""Warnings of one start_request; one more counts the fields beyond it."""
_LONGEST_PATH = 120

_OTHER_API = "it belongs to the Async API"
_NOT_CARRIED_OUT = {
    "actions": "no e-mail with a summary is sent; the conversation's page has the summary",
    "enableSummary": "there are no summary messages while people speak; GET /v1/conversations/{id}/summary has the summary at any time",
    "features": "it is not implemented",
    "channelMetadata": "a socket has one speaker, given in speaker",
    "enableSeparateRecognitionPerChannel": "a socket has one channel",
    "mode": "there is one recognition model for all sources of audio",
    "engine": "there is one recogniser",
    "speechContexts": "use customVocabulary",
    "entities": _OTHER_API,
    "customEntities": _OTHER_API,
    "name": "use config.meetingTitle",
    "languageCode": "use config.languageCode",
}
"""Fields of Symbl's documentation and SDKs, each with what happens instead."""

_ALWAYS = {"interimResults": "interim results", "enableAutomaticPunctuation": "punctuation marks"}
"""What is always done, so that only false is not carried out."""


class Notices:
    """The warnings about one request, in order and at most MOST."""

    def __init__(self) -> None:
        self._found: list[Notice] = []
        self._more = 0

    def add(self, field: str, text: str) -> None:
        """Add a warning; `text` is the sentence after the name of the field."""
        if len(self._found) == MOST:
            self._more += 1
            return
        path = _printable(field)
        self._found.append(Notice(path, f"{path} {text}"))

    def all(self) -> tuple[Notice, ...]:
        """Return the warnings; the last one says how many were left out."""
        if not self._more:
            return tuple(self._found)
        return (*self._found, Notice("", f"{self._more} further fields are ignored"))

    def add_unread(self, parts: Iterable[Fields]) -> None:
        """Warn about each field of these objects that nobody read."""
        for fields in parts:
            for name, value in fields.unread():
                if text := _why(name, value):
                    self.add(fields.at(name), text)


def _why(name: str, value: Any) -> str:
    """Return what a warning says about a field that was not read; empty if the value asks for nothing that is not done anyway."""
    if name in _ALWAYS:
        return "" if value is True else f"is ignored: {_ALWAYS[name]} are always sent"
    if name in _NOT_CARRIED_OUT:
        return f"is ignored: {_NOT_CARRIED_OUT[name]}" if value not in (False, "", [], {}) else ""
    return "is ignored: no field of this name is known here"


def _printable(path: str) -> str:
    """Return the path of a field, cut and without characters that cannot be sent or shown."""
    short = path if len(path) <= _LONGEST_PATH else path[:_LONGEST_PATH] + "..."
    return short if short.isprintable() and short.isascii() else shown(short)
