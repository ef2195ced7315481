"""Paging of lists: everything by default, or a part by `limit` and `after`."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Schema

from insights import long_responses, queries
from insights.api import auth
from insights.api.errors import COMMON_PROBLEMS, ApiError, Problem
from insights.models import AccessLevel, Conversation

Item = TypeVar("Item", bound=Model)

MOST_ITEMS = 1000
PROBLEMS: dict[int, type[Problem]] = {**COMMON_PROBLEMS, 429: Problem, 503: Problem}
"""The errors of a call with a possibly long response."""


class Part(Schema):
    """The part of a list to return: at most `limit` items after the item with the id `after`; by default all."""

    limit: int | None = Field(None, ge=1, le=MOST_ITEMS, description="Maximum number of items. Default: all.")
    after: UUID | None = Field(None, description="The id of the last item that you have. Default: start at the first item.")


def item_after(items: QuerySet[Item], part: Part) -> Item | None:
    """Return the item after which the part starts, None for the first part. Raises 400 if the id is not in the list."""
    if part.after is None:
        return None
    found = items.filter(pk=part.after).first()
    if found is None:
        raise ApiError(400, "after: is not the id of an item of this list; give the id of the last item that you have")
    return found


def of_conversation(request: HttpRequest, conversation_id: str, pieces: Callable[[Conversation], Iterator[str]]) -> HttpResponseBase:
    """Return a response with the text that `pieces` yields for a conversation that the caller may see; 404 for any other."""
    conversation, account = auth.conversation(request, conversation_id, AccessLevel.READ), auth.caller(request).pk
    return long_responses.answer(
        request, pieces(conversation), account=account, exists=lambda: queries.conversation_for(account, conversation_id) is not None
    )


def responses(schema: Any) -> dict[int, Any]:
    """Return the documented responses of a call: 200 with this schema, and the errors."""
    return {200: schema, **PROBLEMS}
