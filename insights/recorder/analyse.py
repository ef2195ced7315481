"""Turns drafts into unsaved rows: messages with their entities, insights and tracker hits. Reads nothing, saves nothing."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from insights import analysis
from insights.analysis.text.languages import knows
from insights.analysis.trackers import NEAR, Tracker, TrackerHit, TrackerIndex
from insights.analysis.types import Entity as FoundEntity
from insights.analysis.types import Finding, MessageAnalysis, Person, Said
from insights.events import JsonObject
from insights.models import Conversation, Entity, Insight, Member, Message, TrackerMatch
from insights.names import clean_name
from insights.payloads import entity_snapshot, iso
from insights.recorder.event_log import clean
from insights.recorder.redact import redacted
from insights.recorder.segment import Draft
from insights.recorder.types import Listening, Utterance

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Scene:
    """Where an utterance falls: its conversation, who is in it, and the messages before, oldest first."""

    conversation: Conversation
    members: list[Member]
    before: list[Message]
    speaker: Member | None


@dataclass(slots=True)
class Rows:
    """All that one utterance adds, in the order in which it is stored; messages get their numbers when that happens."""

    messages: list[Message] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)
    insights: list[Insight] = field(default_factory=list)
    matches: list[TrackerMatch] = field(default_factory=list)


def rows(scene: Scene, utterance: Utterance, drafts: Sequence[Draft], listening: Listening) -> Rows:
    """Analyse the drafts of an utterance one after the other, each in the light of those before it."""
    made = Rows()
    said = [_said(message) for message in scene.before]
    people = [person(member) for member in scene.members]
    known = knows(listening.language)
    index = _index(listening.trackers, known)
    previous = next((m.text for m in reversed(scene.before) if m.member_id == (scene.speaker.id if scene.speaker else None)), "")
    for spoken in drafts:
        draft, hidden = redacted(spoken, listening.mask, people, scene.conversation.timezone_offset) if listening.mask else (spoken, [])
        message = _message(scene, draft, utterance.message_id(len(made.messages)))
        now = replace(_said(message), index=scene.conversation.message_count + len(made.messages))
        found = _analysed(now, said[-analysis.CONTEXT :], people, scene.conversation.timezone_offset) if known else MessageAnalysis()
        found = _noted(found, now, listening)
        insights = _insights(scene, message, found, listening.confidence_threshold)
        message.sentiment, message.phrases = min(1.0, max(-1.0, found.sentiment)), list(found.phrases)
        made.messages.append(message)
        made.entities += entities(message, (*found.entities, *hidden))
        made.insights += insights
        made.matches += [match for hit in index.find(draft.text, previous) for match in _matches(message, insights, hit)]
        said.append(now)
        previous = draft.text
    return made


def _analysed(now: Said, before: Sequence[Said], people: Sequence[Person], timezone_offset: int) -> MessageAnalysis:
    """Return what is in a message; nothing where the analysis fails, for the words themselves must be kept."""
    try:
        return analysis.analyse(now, before, people, timezone_offset)
    except Exception as error:  # whatever it is: its text may hold spoken words, so only its type is logged
        logger.error("the analysis of a message failed (%s)", type(error).__name__)
        return MessageAnalysis()


def _noted(found: MessageAnalysis, now: Said, listening: Listening) -> MessageAnalysis:
    """Return what was found, and the note itself as an insight of the type that its taker asked for."""
    if listening.noted is None or any(f.type == listening.noted and f.confidence >= listening.confidence_threshold for f in found.findings):
        return found
    kept = tuple(finding for finding in found.findings if finding.type != listening.noted)
    return replace(found, findings=(*kept, Finding(listening.noted, 1.0, now.text, hints={"source": "note"})))


def person(member: Member) -> Person:
    """Return a member as the analysis knows people."""
    return Person(member.name, member.user_id, member.email)


def entities(message: Message, found: Sequence[FoundEntity]) -> list[Entity]:
    """Return the rows of a message's entities, in the order in which they were said."""
    ordered = sorted(found, key=lambda entity: entity.offset)
    return [Entity(message=message, type=entity.type, text=entity.text, offset=entity.offset, value=entity.value) for entity in ordered]


@lru_cache(maxsize=64)
def _index(trackers: tuple[Tracker, ...], inflected: bool) -> TrackerIndex:
    named = [Tracker(clean_name(t.name, 320), tuple(clean(phrase) for phrase in t.vocabulary), clean(t.id, 64) or _id(t)) for t in trackers]
    return TrackerIndex(named, inflected)


def _id(tracker: Tracker) -> str:
    """Return an id for a tracker that a client gave none: the same one for the same name."""
    return str(uuid5(NAMESPACE_OID, clean(tracker.name)))


def _said(message: Message) -> Said:
    member = message.member
    name, identity = (member.name, member.user_id) if member else ("", "")
    return Said(message.text, str(message.member_id or ""), message.started_at, name, identity, max(0, (message.number or 1) - 1))


def _message(scene: Scene, draft: Draft, identity: UUID) -> Message:
    words = [
        {"word": clean(w.text), "startTime": iso(w.start), "endTime": iso(w.end), "score": round(w.confidence, 3)} for w in draft.words
    ]
    return Message(
        id=identity,
        conversation=scene.conversation,
        member=scene.speaker,
        text=draft.text,
        original_text=draft.original,
        words=words,
        confidence=round(draft.confidence, 4),
        started_at=draft.start,
        ended_at=draft.end,
        offset_s=round(max(0.0, (draft.start - scene.conversation.started_at).total_seconds()), 3),
        duration_s=round((draft.end - draft.start).total_seconds(), 3),
    )


def _insights(scene: Scene, message: Message, found: MessageAnalysis, threshold: float) -> list[Insight]:
    return [_insight(scene, message, finding) for finding in found.findings if finding.confidence >= threshold]


def _insight(scene: Scene, message: Message, finding: Finding) -> Insight:
    assignee = _member_of(finding.assignee, scene.members)
    return Insight(
        conversation=scene.conversation,
        message=message,
        type=finding.type,
        text=finding.text,
        confidence=min(1.0, max(0.0, finding.confidence)),
        assignee=assignee,
        assignee_name=clean(finding.assignee.name, 320) if finding.assignee else "",
        due_at=finding.due,
        definitive=finding.definitive,
        action_phrase=finding.action_phrase,
        tags=[tag for entity in finding.entities if (tag := _tag(entity, finding, scene.members)) is not None],
        hints=[{"key": key, "value": value} for key, value in finding.hints.items()],
        entities=[entity_snapshot(entity).dump() for entity in entities(message, finding.entities)],
    )


def _member_of(person: Person | None, members: Sequence[Member]) -> Member | None:
    """Return the member that a person is: by user id, else by address, else by the name alone."""
    if person is None:
        return None
    for attribute in ("user_id", "email", "name"):
        wanted = getattr(person, attribute)
        same = [member for member in members if wanted and getattr(member, attribute) == wanted]
        if same:
            return same[0]
    return None


def _tag(entity: FoundEntity, finding: Finding, members: Sequence[Member]) -> JsonObject | None:
    """Return Symbl's tag of a person or a time, with its place in the insight's text (-1: reworded); None for all else."""
    here = finding.text[entity.offset : entity.offset + len(entity.text)] == entity.text
    tag: dict[str, Any] = {"type": "date", "text": entity.text, "beginOffset": entity.offset if here else finding.text.find(entity.text)}
    if entity.type in ("date", "time", "datetime", "daterange", "duration"):  # "in two weeks" is a duration that says when
        value = entity.value.get("datetime") or entity.value.get("start")
        return {**tag, "value": {"value": {"datetime": value}}} if value else None
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
    """Return the row of a hit in a message, and one for each insight in whose text it stands too."""

    def match(offset: int, insight: Insight | None = None) -> TrackerMatch:
        row = TrackerMatch(conversation=message.conversation, message=message, insight=insight, offset=offset)
        row.tracker_name, row.tracker_id, row.value, row.text = hit.name, hit.id, hit.value, hit.text
        return row

    return [match(hit.offset)] + [match(_place(insight.text, hit), insight) for insight in insights if hit.text in insight.text]


def _place(text: str, hit: TrackerHit) -> int:
    """Return where in an insight's text a hit stands: as in its message, else its first place; -1 stays -1."""
    if hit.offset == NEAR or text[hit.offset : hit.end] == hit.text:
        return hit.offset
    return text.find(hit.text)
