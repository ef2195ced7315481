"""Lists that may be long: all of it where nothing else is asked for, or a part by `limit` and `after`."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Schema

from insights import long_responses, queries
from insights.api import auth
from insights.api.errors import ApiError, Problem
from insights.models import Conversation

Item = TypeVar("Item", bound=Model)

MOST_ITEMS = 1000
PROBLEMS: dict[int, type[Problem]] = {400: Problem, 401: Problem, 404: Problem, 429: Problem, 503: Problem}
"""How a call that may have a long answer can fail."""


class Part(Schema):
    """Which part of a list: the items behind the one with the id `after`, `limit` of them at most; by default all."""

    limit: int | None = Field(None, ge=1, le=MOST_ITEMS, description="Most items to answer. Without it: all.")
    after: UUID | None = Field(None, description="The id of the last item that you have. Without it: from the first.")


def item_after(items: QuerySet[Item], part: Part) -> Item | None:
    """Return the item behind which a part begins, None for the first part. Raises the 400 of an id that is not in the list."""
    if part.after is None:
        return None
    found = items.filter(pk=part.after).first()
    if found is None:
        raise ApiError(400, "after: is not the id of an item of this list; give the id of the last item that you have")
    return found


def of_conversation(request: HttpRequest, conversation_id: str, pieces: Callable[[Conversation], Iterator[str]]) -> HttpResponseBase:
    """Answer what `pieces` makes of a conversation of the caller's."""
    conversation, account = auth.conversation(request, conversation_id), auth.caller(request).pk
    return long_responses.answer(
        request, pieces(conversation), account=account, exists=lambda: queries.conversation_for(account, conversation_id) is not None
    )


def responses(schema: Any) -> dict[int, Any]:
    """Return the documented answers of a call: 200 of this form, and errors."""
    return {200: schema, **PROBLEMS}
