"""The members of a conversation."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Query, Router, Schema

from insights import queries
from insights.api.member_json import Person, person_json
from insights.api.paging import Part, item_after, of_conversation, responses
from insights.json_text import array_of
from insights.models import Conversation

router = Router(tags=["Members"])


class MemberList(Schema):
    """Members in the order of joining."""

    members: list[Person]


@router.get("/v1/conversations/{conversation_id}/members", response=responses(MemberList), exclude_none=True, summary="List members")
def list_members(request: HttpRequest, conversation_id: str, part: Query[Part]) -> HttpResponseBase:
    """Return all members in the order of joining."""

    def pieces(conversation: Conversation) -> Iterator[str]:
        rows = queries.members_of(conversation)
        batches = queries.in_batches(rows, "joined_at", "id", after=item_after(rows, part), most=part.limit)
        return array_of(batches, person_json, '{"members": [', "]}")

    return of_conversation(request, conversation_id, pieces)
