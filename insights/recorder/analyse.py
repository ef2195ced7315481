"""Turn drafts into unsaved rows: messages with their entities, insights and tracker matches. No database access."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from uuid import NAMESPACE_OID, UUID, uuid5

from insights import analysis
from insights.analysis.custom_entities import CustomEntity, CustomEntityIndex
from insights.analysis.text.supported_languages import knows, primary
from insights.analysis.trackers import NEAR, Tracker, TrackerHit, TrackerIndex
from insights.analysis.types import Finding, FoundEntity, MessageAnalysis, Person, Said
from insights.insight_kinds import choices, is_registered
from insights.models import Conversation, Entity, Insight, Member, Message, Speaker, TrackerMatch
from insights.names import clean_name
from insights.payloads import entity_snapshot, iso
from insights.recorder.event_log import clean
from insights.recorder.redact import redacted
from insights.recorder.segment import Draft
from insights.recorder.types import Listening, UnknownKind, Utterance
from insights.snapshots import JsonObject

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class AnalysisContext:
    """What the analysis of an utterance needs: the conversation, its members, the preceding messages (oldest first) and the speaker."""

    conversation: Conversation
    members: list[Member]
    before: list[Message]
    speaker: Speaker


@dataclass(slots=True)
class Rows:
    """The unsaved rows of one utterance, in the order of storing. Messages get their numbers when they are stored."""

    messages: list[Message] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)
    insights: list[Insight] = field(default_factory=list)
    matches: list[TrackerMatch] = field(default_factory=list)


def rows(context: AnalysisContext, utterance: Utterance, drafts: Sequence[Draft], listening: Listening) -> Rows:
    """Analyse the drafts of an utterance in order, each with the messages before it as context, and return their rows."""
    new = Rows()
    said = [_said(message) for message in context.before]
    people = [person(member) for member in context.members]
    known = knows(listening.language)
    index = _index(listening.trackers, known)
    previous = next((m.text for m in reversed(context.before) if m.member_id == context.speaker.member_id), "")
    for spoken in drafts:
        draft, hidden = redacted(spoken, listening.mask, people, context.conversation.timezone_offset) if listening.mask else (spoken, [])
        message = _message(context, draft, utterance.message_id(len(new.messages)), overlap=utterance.overlap)
        message.language = "" if primary(listening.language) == primary(context.conversation.language) else listening.language
        now = replace(_said(message), index=context.conversation.message_count + len(new.messages))
        found = _analysed(now, said[-analysis.CONTEXT :], people, context.conversation.timezone_offset, listening.language)
        found = _with_note(found, now, listening)
        insights = [_insight(context, message, one) for one in found.findings if one.confidence >= listening.confidence_threshold]
        message.sentiment, message.phrases = min(1.0, max(-1.0, found.sentiment)), list(found.phrases)
        new.messages.append(message)
        new.entities += entities(message, (*found.entities, *hidden, *custom_entities(draft.text, listening.entities)))
        new.insights += insights
        new.matches += [match for hit in index.find(draft.text, previous) for match in _matches(message, insights, hit)]
        said.append(now)
        previous = draft.text
    return new


def _analysed(now: Said, before: Sequence[Said], people: Sequence[Person], timezone_offset: int, language: str) -> MessageAnalysis:
    """Analyse a message. Return an empty analysis on any error, so that the message itself is still stored."""
    try:
        return analysis.analyse(now, before, people, timezone_offset, language)
    except Exception as error:  # only the type is logged: the text of an error may contain spoken words
        logger.error("the analysis of a message failed (%s)", type(error).__name__)
        return MessageAnalysis()


def _with_note(found: MessageAnalysis, now: Said, listening: Listening) -> MessageAnalysis:
    """Return the analysis, with the whole message as an insight of the kind `listening.noted` unless it has one of that kind already."""
    if listening.noted is None:
        return found
    kind = listening.noted.name
    if not is_registered(kind):
        raise UnknownKind(f"noted={kind!r} is no registered kind of insight; there are {', '.join(name for name, _ in choices())}")
    if any(finding.type == kind and finding.confidence >= listening.confidence_threshold for finding in found.findings):
        return found
    kept = tuple(finding for finding in found.findings if finding.type != kind)
    return replace(found, findings=(*kept, Finding(kind, 1.0, now.text, hints={"source": "note"})))


def person(member: Member) -> Person:
    """Return a member in the form that the analysis uses."""
    return Person(member.name, member.user_id, member.email)


def entities(message: Message, found: Sequence[FoundEntity]) -> list[Entity]:
    """Return the rows of a message's entities, ordered by offset."""
    ordered = sorted(found, key=lambda entity: entity.offset)
    return [Entity(message=message, type=entity.type, text=entity.text, offset=entity.offset, value=entity.value) for entity in ordered]


def custom_entities(text: str, listed: tuple[CustomEntity, ...]) -> list[FoundEntity]:
    """Return the custom entities of a text."""
    return _custom_index(listed).find(text) if listed else []


@lru_cache(maxsize=16)
def _custom_index(listed: tuple[CustomEntity, ...]) -> CustomEntityIndex:
    return CustomEntityIndex(listed)


def tracker_matches(message: Message, trackers: tuple[Tracker, ...], language: str, previous: str) -> list[TrackerMatch]:
    """Return the unsaved rows of the trackers' hits in a message; `previous` is the former message of the same speaker."""
    hits = _index(trackers, knows(language)).find(message.text, previous)
    return [match for hit in hits for match in _matches(message, (), hit)]


@lru_cache(maxsize=64)
def _index(trackers: tuple[Tracker, ...], inflected: bool) -> TrackerIndex:
    named = [Tracker(clean_name(t.name, 320), tuple(clean(phrase) for phrase in t.vocabulary), clean(t.id, 64) or _id(t)) for t in trackers]
    return TrackerIndex(named, inflected)


def _id(tracker: Tracker) -> str:
    """Return an id, derived from the name, for a tracker that the client sent without one."""
    return str(uuid5(NAMESPACE_OID, clean(tracker.name)))


def _said(message: Message) -> Said:
    member = message.member
    name, identity = (member.name, member.user_id) if member else ("", "")
    return Said(message.text, str(message.member_id or ""), message.started_at, name, identity, max(0, (message.number or 1) - 1))


def _message(context: AnalysisContext, draft: Draft, identity: UUID, *, overlap: bool) -> Message:
    words = [
        {"word": clean(w.text), "startTime": iso(w.start), "endTime": iso(w.end), "score": round(w.confidence, 3)} for w in draft.words
    ]
    return Message(
        id=identity,
        conversation=context.conversation,
        speaker=context.speaker,
        text=draft.text,
        original_text=draft.original,
        words=words,
        confidence=round(draft.confidence, 4),
        started_at=draft.start,
        ended_at=draft.end,
        offset_s=round(max(0.0, (draft.start - context.conversation.started_at).total_seconds()), 3),
        duration_s=round((draft.end - draft.start).total_seconds(), 3),
        overlap=overlap,
        translation=draft.translation,
    )


def _insight(context: AnalysisContext, message: Message, finding: Finding) -> Insight:
    assignee = _member_of(finding.assignee, context.members)
    return Insight(
        conversation=context.conversation,
        message=message,
        type=finding.type,
        text=finding.text,
        confidence=min(1.0, max(0.0, finding.confidence)),
        assignee=assignee,
        assignee_name=clean(finding.assignee.name, 320) if finding.assignee else "",
        due_at=finding.due,
        definitive=finding.definitive,
        action_phrase=finding.action_phrase,
        tags=[tag for entity in finding.entities if (tag := _tag(entity, finding, context.members)) is not None],
        hints=[{"key": key, "value": value} for key, value in finding.hints.items()],
        entities=[entity_snapshot(entity).dump() for entity in entities(message, finding.entities)],
    )


def _member_of(person: Person | None, members: Sequence[Member]) -> Member | None:
    """Return the member that matches a person by user id, else by e-mail address, else by name."""
    if person is None:
        return None
    for attribute in ("user_id", "email", "name"):
        wanted = getattr(person, attribute)
        same = [member for member in members if wanted and getattr(member, attribute) == wanted]
        if same:
            return same[0]
    return None


def _tag(entity: FoundEntity, finding: Finding, members: Sequence[Member]) -> JsonObject | None:
    """Return Symbl's tag of a person or a time with its offset in the insight's text (-1: not in it); None for other entities."""
    here = finding.text[entity.offset : entity.offset + len(entity.text)] == entity.text
    tag: JsonObject = {"type": "date", "text": entity.text, "beginOffset": entity.offset if here else finding.text.find(entity.text)}
    if entity.type in ("date", "time", "datetime", "daterange", "duration"):  # a duration such as "in two weeks" has a date, too
        begins = entity.value.get("datetime") or entity.value.get("start")
        return {**tag, "value": {"value": {"datetime": begins}}} if begins else None
    if entity.type != "person":
        return None
    named = Person(str(entity.value.get("name", entity.text)), str(entity.value.get("userId", "")), str(entity.value.get("email", "")))
    member = _member_of(named, members)
    value = {"name": member.name if member else named.name, "alias": entity.text}
    if member is not None:
        value |= {"id": str(member.id), "userId": member.user_id}
    assigned = finding.assignee is not None and finding.assignee.name == named.name
    return {**tag, "type": "person", "value": {"value": {**value, "assignee": assigned}}}


def _matches(message: Message, insights: Sequence[Insight], hit: TrackerHit) -> list[TrackerMatch]:
    """Return the row of a tracker hit in a message, and one row for each insight whose text contains it."""

    def match(offset: int, insight: Insight | None = None) -> TrackerMatch:
        row = TrackerMatch(conversation=message.conversation, message=message, insight=insight, offset=offset)
        row.tracker_name, row.tracker_id, row.value, row.text = hit.name, hit.id, hit.value, hit.text
        return row

    return [match(hit.offset)] + [match(_offset_in(insight.text, hit), insight) for insight in insights if hit.text in insight.text]


def _offset_in(text: str, hit: TrackerHit) -> int:
    """Return the offset of a hit in an insight's text: the same as in its message if possible, else the first; -1 stays -1."""
    if hit.offset == NEAR or text[hit.offset : hit.end] == hit.text:
        return hit.offset
    return text.find(hit.text)
