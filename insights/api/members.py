"""Who took part."""

from django.http import HttpRequest
from ninja import Router, Schema

from insights import queries
from insights.api import auth
from insights.api.people import Person, person

router = Router(tags=["Members"])


class MemberList(Schema):
    """All members in the order of joining."""

    members: list[Person]


@router.get("/v1/conversations/{conversation_id}/members", response=MemberList, exclude_none=True, summary="Read the members")
def list_members(request: HttpRequest, conversation_id: str) -> MemberList:
    """Answer everybody who spoke or joined."""
    return MemberList(members=[person(member) for member in queries.members_of(auth.conversation(request, conversation_id))])
