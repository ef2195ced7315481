"""Edits of members by a person: their names and addresses, and merging two who are the same person."""

from collections.abc import Mapping
from uuid import UUID

from django.db import IntegrityError

from insights.database import write_transaction
from insights.models import Change, Conversation, Insight, Member, Speaker
from insights.names import LONGEST_NAME, clean_name
from insights.recorder.edits.changes import Edit, Edited
from insights.recorder.event_log import locked
from insights.recorder.types import ChangeConflict, RecorderError, UnknownMember
from insights.snapshots import JsonObject


def edit_member(conversation_id: int, member_id: UUID, user_id: int, *, name: str | None = None, email: str | None = None) -> Edited:
    """Change the name or the e-mail address of a member, everywhere. An empty address removes it.

    Raises UnknownConversation, UnknownMember, RecorderError for an empty name, and ChangeConflict if another member is the same then.
    """
    called = None if name is None else clean_name(name, LONGEST_NAME)
    if called == "":
        raise RecorderError("name: at least one visible character is needed")
    try:
        with write_transaction():
            edit = Edit(locked(conversation_id), user_id)
            member = member_in(edit.conversation, member_id)
            address = member.email if email is None else clean_name(email, LONGEST_NAME)
            rename(edit, member, member.name if called is None else called, address)
            return edit.store(Change.Kind.MEMBER, member_id)
    except IntegrityError:
        raise ChangeConflict("another member of the conversation has this name or e-mail address; merge the two instead") from None


def merge_members(conversation_id: int, member_id: UUID, into_id: UUID, user_id: int) -> Edited:
    """Make one member of two: what the first one said, and what is assigned to them, becomes the other one's.

    The first one's row stays, so that a connection that speaks as this member continues as the other. Raises UnknownConversation,
    UnknownMember, and RecorderError for a member and itself.
    """
    if member_id == into_id:
        raise RecorderError("into: must be another member")
    with write_transaction():
        edit = Edit(locked(conversation_id), user_id)
        become(edit, member_in(edit.conversation, member_id), member_in(edit.conversation, into_id))
        return edit.store(Change.Kind.MEMBERS_MERGED, member_id)


def rename(edit: Edit, member: Member, name: str, email: str) -> None:
    """Give a member a name and an e-mail address, as a part of an edit. Raises IntegrityError if another member is the same then."""
    edit.watch(Member.objects.filter(id=member.id))
    member.name, member.email = name, email
    member.save(update_fields=["name", "email"])
    _retag(edit, {str(member.id): member})


def become(edit: Edit, member: Member, into: Member) -> None:
    """Give all that a member has to another one, as a part of an edit."""
    former = Member.objects.filter(conversation=edit.conversation, merged_into=member)
    speakers, assigned = Speaker.objects.filter(member=member), Insight.objects.filter(assignee=member)
    edit.watch(Member.objects.filter(id=member.id), former, speakers, assigned)
    former.update(merged_into=into)
    assigned.update(assignee=into, assignee_name=str(into))
    speakers.update(member=into)
    member.merged_into = into
    member.save(update_fields=["merged_into"])
    _retag(edit, {str(member.id): into})


def member_in(conversation: Conversation, member_id: UUID) -> Member:
    """Return a member of a conversation who was not merged with another one. Raises UnknownMember."""
    member = Member.objects.filter(conversation=conversation, id=member_id, merged_into=None).first()
    if member is None:
        raise UnknownMember(f"member {member_id} is not in conversation {conversation.id}")
    return member


def _retag(edit: Edit, members: Mapping[str, Member]) -> None:
    """Write the members' names into the tags of insights that name them; `members` are those that take the place of an id."""
    tagged = Insight.objects.filter(conversation=edit.conversation).exclude(tags=[]).only("id", "tags")
    named = [insight.pk for insight in tagged if any(_named(tag) in members for tag in insight.tags)]
    if not named:
        return
    rows = Insight.objects.filter(id__in=named)
    edit.watch(rows)
    changed = list(rows)
    for insight in changed:
        insight.tags = [_renamed(tag, members[_named(tag)]) if _named(tag) in members else tag for tag in insight.tags]
    Insight.objects.bulk_update(changed, ["tags"], batch_size=100)


def _named(tag: JsonObject) -> str:
    """Return the id of the member that a tag names; empty without one."""
    return str(_person(tag).get("id") or "")


def _renamed(tag: JsonObject, member: Member) -> JsonObject:
    """Return the tag with the member's present name; the words that were said (`alias`) stay."""
    person = _person(tag) | {"id": str(member.id), "name": member.name, "userId": member.user_id}
    return tag | {"value": {"value": person}}


def _person(tag: JsonObject) -> JsonObject:
    """Return the person in a tag; empty without one."""
    outer = tag.get("value")
    inner = outer.get("value") if isinstance(outer, dict) else None
    return inner if isinstance(inner, dict) else {}
