"""Record a final result: analyse it outside the transaction, then store it with its numbered events inside one."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from insights import analysis
from insights.analysis.text.supported_languages import AUTO, has_topics
from insights.compiled_query import CompiledQuery
from insights.database import write_transaction
from insights.events import ConversationEvent, InsightsFound, Kind, MemberJoined, MessagesStored, TopicsChanged, TrackersMatched
from insights.models import Conversation, Entity, Event, Insight, Member, Message, Speaker, TrackerMatch
from insights.payloads import StoredEvent, insight_snapshot, member_snapshot, message_snapshot, topic_snapshot, tracker_snapshots
from insights.recorder import speakers, topics
from insights.recorder.analyse import AnalysisContext, Rows, rows
from insights.recorder.event_log import EventLog, locked
from insights.recorder.segment import Draft, drafts
from insights.recorder.types import Listening, UnknownConversation, Utterance

_RECENT_TURNS = 1000
"""Turns that are searched for an utterance that was stored before. A retry comes within seconds, so it is among them."""


def record(conversation_id: int, utterance: Utterance, listening: Listening) -> list[StoredEvent]:
    """Store an utterance as messages with their entities, insights, topics and tracker matches; return the committed events.

    The events come in the order messages, insights, topics, trackers, without the empty ones; none for blank text. The first utterance
    of a voice begins with the event of its member. An utterance that arrives after the end of its conversation is stored all the same.
    One that is stored already is not stored again; the events of the first time are returned. Raises UnknownConversation, UnknownMember
    and UnknownKind.
    """
    sentences = drafts(utterance, listening.vocabulary)
    if not sentences:
        return []
    try:
        return _record(conversation_id, utterance, sentences, listening)
    except UnknownConversation:
        topics.forget(conversation_id)
        raise
    except IntegrityError:  # it is stored already, or a row that it refers to was deleted meanwhile: a silent voice, or a member
        return _events_of(conversation_id, utterance) or _record(conversation_id, utterance, sentences, listening)


def _events_of(conversation_id: int, utterance: Utterance) -> list[StoredEvent]:
    """Return the events with which an utterance was stored recently; the events of one transaction have the same time."""
    first = str(utterance.message_id(0))
    newest = Event.objects.filter(conversation_id=conversation_id).order_by("-number")
    for row in newest.filter(kind=Kind.MESSAGES)[:_RECENT_TURNS]:
        match StoredEvent.of(row).event:
            case MessagesStored(messages) if messages and messages[0].id == first:
                together = newest.filter(number__gte=row.number, created_at=row.created_at).order_by("number")
                return [StoredEvent.of(each) for each in together]
    return []


def _record(conversation_id: int, utterance: Utterance, sentences: Sequence[Draft], listening: Listening) -> list[StoredEvent]:
    with topics.remembered(conversation_id) as memory:
        context = _context(conversation_id, listening)
        _settle_language(context.conversation, listening)
        new = rows(context, utterance, sentences, listening)
        counted = [message for message in new.messages if not message.language] if has_topics(context.conversation.language) else []
        memory.catch_up(context.conversation)
        memory.add(counted)
        changes = memory.changes(context.conversation)
        with write_transaction():
            conversation = locked(conversation_id)
            settled = _settle_language(conversation, listening)
            if not memory.current(conversation):  # another process wrote meanwhile
                if memory.catch_up(conversation):
                    memory.add(counted)
                changes = memory.changes(conversation)
            events = _store(conversation, context.speaker, new, memory, changes, settled)
        memory.stored(conversation)
    return events


def _settle_language(conversation: Conversation, listening: Listening) -> bool:
    """Give a conversation whose language is still to be found the one that was found in its audio; return whether it is new."""
    if conversation.language != AUTO or not listening.language_found:
        return False
    conversation.language = listening.language
    return True


def _context(conversation_id: int, listening: Listening) -> AnalysisContext:
    """Read what the analysis needs: in three queries, and in four for the first utterance of a speaker."""
    speaker = speakers.known(conversation_id, listening)
    conversation = speaker.conversation if speaker else Conversation.objects.filter(id=conversation_id).first()
    if conversation is None or conversation.deleted_at is not None:
        raise UnknownConversation(f"conversation {conversation_id} does not exist")
    members = _MEMBERS.instances(conversation_id)
    speaker = speaker or speakers.new(conversation, members, listening)
    if speaker.member is not None and speaker.member._state.adding:
        members.append(speaker.member)
    return AnalysisContext(conversation, [one for one in members if one.merged_into is None], _before(conversation, members), speaker)


def _before(conversation: Conversation, members: Sequence[Member]) -> list[Message]:
    """Return the latest messages, oldest first, with their speakers, and with their members from `members`."""
    before = _LATEST.instances(conversation.id)[::-1]
    by_id: dict[UUID | None, Member] = {member.id: member for member in members}
    for message in before:
        if member := by_id.get(message.speaker.member_id):  # one who joined since then is read when needed
            message.speaker.member = member
    return before


_MEMBERS = CompiledQuery(lambda conversation: Member.objects.filter(conversation_id=conversation).select_related("merged_into"))
_READ = ("number", "text", "started_at", "speaker__member")
_LATEST = CompiledQuery(
    lambda conversation: (
        Message.objects.filter(conversation_id=conversation).select_related("speaker").only(*_READ).order_by("-number")[: analysis.CONTEXT]
    )
)


def _store(
    conversation: Conversation, speaker: Speaker, new: Rows, memory: topics.TopicCounts, changes: list[topics.Change], settled: bool
) -> list[StoredEvent]:
    expected = speaker.member if speaker._state.adding else None
    speaker = speakers.stored(speaker)
    joined = speaker.member if expected is not None and speaker.voice is not None else None
    for insight in new.insights if joined is not None else ():
        if insight.assignee == expected:
            insight.assignee, insight.assignee_name = joined, str(joined)
    for place, message in enumerate(new.messages):
        message.speaker, message.voice = speaker, speaker.voice
        message.number = conversation.message_count + place + 1
    conversation.message_count += len(new.messages)
    Message.objects.bulk_create(new.messages)
    Entity.objects.bulk_create(new.entities)
    Insight.objects.bulk_create(new.insights)
    topics.store(memory, changes)
    TrackerMatch.objects.bulk_create(new.matches)
    log = EventLog(conversation, timezone.now())
    if joined is not None and joined is expected and (person := member_snapshot(joined)) is not None:
        log.add(MemberJoined(person))
    for event in _events(new, memory, changes):
        log.add(event)
    return log.store("message_count", *(["language"] if settled else []))


def _events(new: Rows, memory: topics.TopicCounts, changes: list[topics.Change]) -> Iterator[ConversationEvent]:
    """Yield the events of the stored rows, without the empty ones."""
    by_message = {message: list(found) for message, found in groupby(new.entities, key=lambda entity: entity.message_id)}
    if new.messages:
        yield MessagesStored(tuple(message_snapshot(message, by_message.get(message.id, [])) for message in new.messages))
    if new.insights:
        yield InsightsFound(tuple(map(insight_snapshot, new.insights)))
    if changes:
        named = ((row, topics.some_messages(list(memory.known[row.text].message_ids), len(fresh))) for row, fresh in changes)
        yield TopicsChanged(tuple(topic_snapshot(row, ids) for row, ids in named))
    if new.matches:
        yield TrackersMatched(tracker_snapshots(new.matches))
