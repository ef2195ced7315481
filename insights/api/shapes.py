"""The two shapes of responses: Symbl's documented one, and the one that the typed structs of Symbl's Go SDK read where they differ.

`docs/guide/from-symbl.md` lists the differences.
"""

from collections.abc import Iterable
from enum import StrEnum

from django.http import HttpRequest
from ninja import Schema

_GO_SDK = "symbl.ai (go"
"""How the User-Agent of Symbl's Go SDK begins."""


class Shape(StrEnum):
    """A shape of responses."""

    DOCUMENTED = "documented"
    GO = "go"


class Phrase(Schema):
    """The words of a text that name an action."""

    type: str = "action_phrase"
    text: str


def shape_of(request: HttpRequest, wanted: Shape | None) -> Shape:
    """Return the requested shape; without one, that of the client."""
    if wanted is not None:
        return wanted
    return Shape.GO if request.headers.get("User-Agent", "").startswith(_GO_SDK) else Shape.DOCUMENTED


def phrases_json(phrases: Iterable[str], shape: Shape) -> list[object]:
    """Return action phrases: objects, or texts for the Go SDK."""
    return [text if shape is Shape.GO else {"type": "action_phrase", "text": text} for text in phrases]
