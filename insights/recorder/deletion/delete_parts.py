"""Delete messages and insights: their rows go, and their content in all earlier events. The numbers of the events stay.

The search for the events that name a message reads all events of the conversation, so it runs before the transaction; inside it only the
events that were added meanwhile are searched.
"""

import json
import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from insights import derived
from insights.database import write_transaction
from insights.emptied import Gone, emptied_insight, emptied_message, forms_without, texts_of, value_without
from insights.events import InsightDeleted, MessageDeleted, TopicsChanged
from insights.models import (
    Bookmark,
    Change,
    Conversation,
    Deletion,
    Diarization,
    Entity,
    Insight,
    LiveSession,
    Member,
    Message,
    Speaker,
    StoredAudio,
    Topic,
    TopicReference,
)
from insights.payloads import StoredEvent, iso, member_snapshot, message_snapshot, reviewed_insight_snapshot, topic_snapshot
from insights.recorder import topics
from insights.recorder.audio import remove_audio
from insights.recorder.deletion.audit import note_deletion
from insights.recorder.deletion.emptied_changes import empty_changes
from insights.recorder.deletion.joined_parts import parts_of
from insights.recorder.deletion.rewrite import PAUSE_S, events_that_name, rewrite, rewrite_all, rewrite_in_batches
from insights.recorder.event_log import EventLog, locked
from insights.recorder.signals import announce, events_emptied, speech_removed, words_removed
from insights.recorder.types import UnknownMember, UnknownMessage
from insights.snapshots import MemberSnapshot, MessageSnapshot, TopicSnapshot

BATCH = 20
"""Messages that one transaction deletes."""
_ROWS = 100
"""Rows that one statement changes."""


def delete_message(conversation_id: int, message_id: UUID, user_id: int) -> list[StoredEvent]:
    """Delete a message with its insights, entities, topic references and tracker matches, for good.

    Raises UnknownConversation and UnknownMessage.
    """
    return _delete_messages(conversation_id, [message_id], user_id, message_id)


def delete_insight(conversation_id: int, insight_id: UUID, user_id: int) -> list[StoredEvent]:
    """Delete an insight for good; its message stays. Raises UnknownConversation and UnknownMessage."""
    gone = Gone(insights={str(insight_id)})
    last = _last_event(conversation_id)
    numbers = events_that_name(conversation_id, gone.insights)
    with write_transaction():
        conversation = locked(conversation_id)
        rows = Insight.objects.select_related("message__speaker__member", "assignee")
        insight = rows.filter(conversation=conversation, id=insight_id).first()
        if insight is None:
            raise UnknownMessage(f"insight {insight_id} does not exist")
        snapshot = emptied_insight(reviewed_insight_snapshot(insight))
        insight.delete()
        rewritten = _rewrite(conversation, numbers, last, gone)
        log = EventLog(conversation, timezone.now())
        log.add(InsightDeleted(snapshot))
        events = announce(log.store())
        words_removed.send(sender=None, conversation_id=conversation_id)
        note_deletion(
            Deletion.Kind.INSIGHT,
            user_id=user_id,
            conversation_id=conversation_id,
            owner_id=conversation.owner_id,
            item_id=insight_id,
            counts={"events": rewritten},
        )
    _after(conversation_id)
    return events


def delete_words_of(conversation_id: int, member_id: UUID, user_id: int | None) -> int:
    """Delete all messages and the stored audio of a member, and of those who were merged into the member, and make them anonymous.

    Return the number of deleted messages. Others keep what they said of the member, without the address. Whoever is connected as the member
    continues without a name. The conversation may be in the bin. In batches: if it is interrupted, the same call deletes the rest. Raises
    UnknownConversation and UnknownMember.
    """
    members = _with_merged(conversation_id, member_id)
    deleted = rewritten = 0
    said = Message.objects.filter(conversation_id=conversation_id, speaker__member_id__in=members).order_by("number")
    while ids := list(said.values_list("id", flat=True)):  # more than once if the person speaks meanwhile
        insights = Insight.objects.filter(message_id__in=said.values("id")).values_list("id", flat=True)
        mine = set(map(str, ids))
        former, _ = _relatives(conversation_id, mine)  # both parts of a split message are the member's
        gone = Gone(mine | former, set(map(str, insights)), _topics_left_without(said.values("id")), members)
        last = _last_event(conversation_id)
        rewritten += rewrite_all(conversation_id, gone)
        for at in range(0, len(ids), BATCH):
            with suppress(UnknownMessage):  # another call deleted these meanwhile
                _delete_messages(conversation_id, ids[at : at + BATCH], user_id, None, searched=last)
            time.sleep(PAUSE_S)
        deleted += len(ids)
    remove_audio(list(StoredAudio.objects.filter(conversation_id=conversation_id, member_id__in=members)))
    gone = Gone(members=members)
    last = _last_event(conversation_id)
    rewritten += rewrite_in_batches(conversation_id, events_that_name(conversation_id, _marks_of(members)), gone)
    with write_transaction():
        conversation = locked(conversation_id, binned=True)
        if not Member.objects.filter(conversation=conversation, id=member_id).exists():
            raise UnknownMember(f"member {member_id} is not in conversation {conversation_id}")
        rewritten += _rewrite(conversation, [], last, gone)
        _make_anonymous(conversation, members)
        words_removed.send(sender=None, conversation_id=conversation_id)
        note_deletion(
            Deletion.Kind.MEMBER,
            user_id=user_id,
            conversation_id=conversation_id,
            owner_id=conversation.owner_id,
            item_id=member_id,
            counts={"messages": deleted, "events": rewritten},
        )
    _after(conversation_id)
    return deleted


def _with_merged(conversation_id: int, member_id: UUID) -> dict[str, MemberSnapshot]:
    """Return a member and those who were merged into the member, as they are now, by id."""
    rows = Member.objects.filter(Q(id=member_id) | Q(merged_into_id=member_id), conversation_id=conversation_id)
    return {str(row.id): snapshot for row in rows if (snapshot := member_snapshot(row)) is not None}


def _marks_of(members: Mapping[str, MemberSnapshot]) -> set[str]:
    """Return the texts in JSON that name these members: their ids, and as whole values their user ids, addresses and names."""
    return {*members, *(json.dumps(text, ensure_ascii=escaped) for text in texts_of(members) for escaped in (True, False))}


def _make_anonymous(conversation: Conversation, members: Mapping[str, MemberSnapshot]) -> None:
    """Remove members, and what else says who they are. Their messages are deleted already."""
    entities = []
    for entity in Entity.objects.filter(message__conversation=conversation, type="person"):
        value = value_without(entity.value, members)
        if value != entity.value:
            entity.value = value
            entities.append(entity)
    Entity.objects.bulk_update(entities, ["value"], batch_size=_ROWS)
    insights = []
    for insight in Insight.objects.filter(conversation=conversation).exclude(tags=[], entities=[]).only("tags", "entities"):
        tags, named = list(forms_without(insight.tags, members)), list(forms_without(insight.entities, members))
        if (tags, named) != (insight.tags, insight.entities):
            insight.tags, insight.entities = tags, named
            insights.append(insight)
    Insight.objects.bulk_update(insights, ["tags", "entities"], batch_size=_ROWS)
    Diarization.objects.filter(speakers__member_id__in=members).update(state=b"", kept_state=b"")  # they describe the person's voice
    Speaker.objects.filter(member_id__in=members).update(member=None)
    LiveSession.objects.filter(member_id__in=members).update(member=None)
    called = texts_of(members)
    assigned = Q(assignee_id__in=members) | Q(assignee=None, assignee_name__in=called)
    Insight.objects.filter(assigned, conversation=conversation).update(assignee=None, assignee_name="")
    marked = Q(user_id__in=called) | Q(user_name__in=called) | Q(user_email__in=called)
    Bookmark.objects.filter(marked, conversation=conversation).update(user_id="", user_name="", user_email="")
    Member.objects.filter(id__in=members).delete()


def _delete_messages(
    conversation_id: int, ids: Sequence[UUID], user_id: int | None, item_id: UUID | None, searched: int | None = None
) -> list[StoredEvent]:
    """Delete messages. `searched`: number of the event up to which all events are emptied already."""
    last = _last_event(conversation_id) if searched is None else searched
    found = Insight.objects.filter(message_id__in=ids, conversation_id=conversation_id)
    former, partners = _relatives(conversation_id, {str(one) for one in ids})
    names = {str(one) for one in (*ids, *found.values_list("id", flat=True))} | former | partners
    numbers = events_that_name(conversation_id, names) if searched is None else []
    with write_transaction():
        conversation = locked(conversation_id, binned=True)
        messages = list(Message.objects.filter(conversation=conversation, id__in=ids).select_related("speaker__member"))
        if not messages:
            raise UnknownMessage(f"message {ids[0]} does not exist")
        insights = list(found.select_related("message__speaker__member", "assignee"))
        deleted = {str(one.id) for one in messages} | former
        left = _without_originals(conversation, partners)
        gone = Gone(deleted, {str(one.id) for one in insights}, _topics_left_without(ids), replaced=left)
        said_in = set(Topic.objects.filter(references__message_id__in=ids).values_list("id", flat=True))
        parts = parts_of(conversation_id, messages)
        log = EventLog(conversation, timezone.now())
        for insight in insights:
            log.add(InsightDeleted(emptied_insight(reviewed_insight_snapshot(insight))))
        for message in messages:
            said = tuple((iso(start), iso(end)) for start, end in parts.get(str(message.id), ()))
            log.add(MessageDeleted(emptied_message(message_snapshot(message, ())), said))
        Topic.objects.filter(id__in=gone.topics).delete()
        Message.objects.filter(id__in=[one.id for one in messages]).delete()  # with all that refers to them, in any table
        rewritten = _rewrite(conversation, numbers, last, gone)
        if said_in:
            log.add(TopicsChanged(_topics_now(said_in)))
        conversation.messages_deleted += len(messages)
        events = announce(log.store("messages_deleted"))
        speech_removed.send(sender=None, conversation_id=conversation_id)
        words_removed.send(sender=None, conversation_id=conversation_id)
        note_deletion(
            Deletion.Kind.MESSAGE,
            user_id=user_id,
            conversation_id=conversation_id,
            owner_id=conversation.owner_id,
            item_id=item_id,
            counts={"messages": len(messages), "insights": len(insights), "topics": len(gone.topics), "events": rewritten},
        )
    _after(conversation_id)
    return events


def _last_event(conversation_id: int) -> int:
    """Return the number of the last event before the search for events begins; 0 for an unknown conversation."""
    return Conversation.everything.filter(id=conversation_id).values_list("last_event", flat=True).first() or 0


def _rewrite(conversation: Conversation, numbers: Sequence[int], last: int, gone: Gone) -> int:
    """Empty the events with these numbers, and those after number `last` that name the same objects; return how many changed."""
    names, marks = [*gone.messages, *gone.insights, *gone.replaced], _marks_of(gone.members)
    later = events_that_name(conversation.id, [*names, *marks], after=last)
    empty_changes(conversation.id, names)
    empty_changes(conversation.id, marks, persons=True)
    return rewrite(conversation.id, sorted({*numbers, *later}), gone)


def _relatives(conversation_id: int, ids: set[str]) -> tuple[set[str], set[str]]:
    """Return the messages that were joined with these ones or split from them: those that are no more, and those that are left."""
    kinds = (Change.Kind.MESSAGE_SPLIT, Change.Kind.MESSAGES_JOINED)
    edits = Change.objects.filter(conversation_id=conversation_id, kind__in=kinds).values_list("before", "after")
    together = [{key.removeprefix("message:") for key in {*before, *after} if key.startswith("message:")} for before, after in edits]
    found = set(ids)
    while more := set().union(*(group for group in together if group & found)) - found:
        found |= more
    found -= ids
    left = {str(one) for one in Message.objects.filter(id__in=found).values_list("id", flat=True)} if found else set()
    return found - left, left


def _without_originals(conversation: Conversation, ids: Collection[str]) -> dict[str, MessageSnapshot]:
    """Remove the original texts and translations of messages, which may have words of a part that was split off; return the messages."""
    rows = Message.objects.filter(conversation=conversation, id__in=ids)
    rows.update(original_text="", translation="")
    with_all = rows.select_related("speaker__member").prefetch_related("entities")
    return {str(one.id): message_snapshot(one, one.entities.all()) for one in with_all}


def _topics_left_without(message_ids: Collection[UUID] | QuerySet[Message, Any]) -> set[str]:
    """Return the topics that only these messages have."""
    theirs = TopicReference.objects.filter(message_id__in=message_ids).values("topic_id")
    others = TopicReference.objects.filter(topic_id__in=theirs).exclude(message_id__in=message_ids).values("topic_id")
    return {str(one) for one in Topic.objects.filter(id__in=theirs).exclude(id__in=others).values_list("id", flat=True)}


def _topics_now(ids: Collection[UUID]) -> tuple[TopicSnapshot, ...]:
    """Return topics with the messages that are left of each, the first one and the latest; those that are no more without text."""
    messages: dict[UUID, list[str]] = defaultdict(list)
    for topic_id, message_id in TopicReference.objects.filter(topic_id__in=ids).order_by("id").values_list("topic_id", "message_id"):
        messages[topic_id].append(str(message_id))
    kept = Topic.objects.filter(id__in=ids).order_by("-score", "text")
    present = [topic_snapshot(one, topics.some_messages(messages[one.pk])) for one in kept]
    missing = sorted(str(one) for one in set(ids) - {topic.pk for topic in kept})
    return (*present, *(TopicSnapshot(identity, "", 0.0) for identity in missing))


def _after(conversation_id: int) -> None:
    """Tell all processes that cached words and events are wrong."""
    derived.forget(conversation_id)
    transaction.on_commit(partial(events_emptied.send_robust, sender=None, conversation_id=conversation_id))
