"""The query parameters `redact` and `exclude`, with which calls that return spoken text leave personal data out."""

import inspect
import json
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema

from insights import queries, redaction
from insights.analysis.personal_data import CATEGORIES
from insights.api.errors import ApiError
from insights.models import Conversation
from insights.redaction import RedactionRefused, Redactor

_REDACTING = "/messages, /transcript, /audio, /bookmarks and the lists of insights"
_NO = frozenset({"", "false", "0", "no", "off", "f", "n"})


class Redaction(Schema):
    """Whether personal data is replaced by `****`, and the categories that stay."""

    redact: bool = Field(False, description="Replace all personal data by `****`.")
    exclude: list[str] = Field(
        [],
        description='Categories to leave in the text, as a JSON list such as `["PERSON_NAME"]`.',
        json_schema_extra={"items": {"type": "string", "enum": [category.name for category in CATEGORIES]}},
    )


def refuse_elsewhere(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let a view that does not redact answer `redact=true` with 400, so that no personal data is sent by mistake."""
    if "redaction" in inspect.signature(view).parameters:
        return view

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> object:
        if request.GET.get("redact", "").strip().lower() not in _NO:
            raise ApiError(400, f"redact: this call does not hide personal data; {_REDACTING} do")
        return view(request, *args, **kwargs)

    return answer


def redactor(conversation: Conversation, wanted: Redaction) -> Redactor | None:
    """Return what redacts the messages of a conversation; None if that is not requested. Raises 400 for unknown categories."""
    try:
        excluded = redaction.excluded_categories(list(_names(wanted.exclude)))
        if not wanted.redact:
            return None
        return Redactor(conversation, list(queries.members_of(conversation)), excluded)
    except RedactionRefused as error:
        raise ApiError(400, str(error)) from None


def _names(texts: list[str]) -> Iterator[str]:
    """Yield the names in a query: JSON lists, also nested, JSON strings, or plain names between commas, as clients send them."""
    for text in texts:
        try:
            values: object = json.loads(text)
        except (ValueError, RecursionError):
            values = [name.strip().strip("\"'[]") for name in text.split(",")]
        yield from _flat(values)


def _flat(value: object, depth: int = 0) -> Iterator[str]:
    if isinstance(value, list) and depth < 3:
        for one in value:
            yield from _flat(one, depth + 1)
    else:
        yield value if isinstance(value, str) else ""
