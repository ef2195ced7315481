"""What stands above the transcript: summary, decisions, tasks, open questions, people and topics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from insights import queries
from insights.models import Conversation, Message
from insights.portal.cards import Card, Section, sections_of
from insights.portal.faces import ShownPeople
from insights.portal.listing import Face
from insights.portal.parts import message_link
from insights.portal.wording import clock, duration

MOST_TOPICS = 12


@dataclass(frozen=True, slots=True)
class LinkedStatement:
    """A sentence of the summary, a decision or a topic, with a link to the first message that it rests on; empty if that was deleted."""

    text: str
    href: str
    place: str


@dataclass(frozen=True, slots=True)
class TalkShare:
    """A member's talk time as a text, and in percent of all talk time. `person`: id of the member, None for unknown speakers.

    `by_voice`: a voice profile gave the name. `can_enrol`: the page's user can make a voice profile of the member's voice.
    """

    person: UUID | None
    face: Face
    time: str
    percent: int
    by_voice: bool = False
    can_enrol: bool = False

    @property
    def part(self) -> str:
        """The percentage as a text, `< 1%` for somebody who said little."""
        return "< 1%" if not self.percent and self.time != duration(0) else f"{self.percent}%"


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it. `written`: whether a language model wrote the summary."""

    summary: Sequence[LinkedStatement]
    written: bool
    decisions: Sequence[LinkedStatement]
    sections: Sequence[Section]
    topics: Sequence[LinkedStatement]
    shares: Sequence[TalkShare]

    @property
    def found_little(self) -> bool:
        """Whether no section is open, so that there is room for the speakers beside the summary."""
        return all(section.folded for section in self.sections)


def overview_of(conversation: Conversation, cards: Sequence[Card], people: ShownPeople, part: int, *, enrols: bool = False) -> Overview:
    """Return what stands above the transcript on the page that shows `part`. `enrols`: its user has voice profiles."""
    minutes = queries.minutes_of(conversation)
    stated = [*minutes.summary, *minutes.decisions]
    places = queries.message_places(conversation, {one.message_ids[0] for one in stated if one.message_ids})

    def statement(one: queries.MinutesSentence) -> LinkedStatement:
        return _statement(one.text, places.get(one.message_ids[0]) if one.message_ids else None, part)

    return Overview(
        summary=[statement(one) for one in minutes.summary],
        written=minutes.abstractive,
        decisions=[statement(one) for one in minutes.decisions],
        sections=sections_of(cards, frozenset(one.insight_id for one in minutes.questions)),
        topics=[_statement(text, first, part) for text, first in queries.leading_topics(conversation, MOST_TOPICS)],
        shares=_with_voices(conversation, shares_of(queries.talk_seconds(conversation), people), enrols),
    )


def _with_voices(conversation: Conversation, shares: list[TalkShare], enrols: bool) -> list[TalkShare]:
    """Return the shares, with what is known of voice profiles."""
    named = queries.members_named_by_voice(conversation)
    known = queries.members_with_voices(conversation) if enrols else frozenset()
    return [replace(one, by_voice=one.person in named, can_enrol=one.person in known) for one in shares]


def shares_of(talked: Mapping[UUID | None, float], people: ShownPeople) -> list[TalkShare]:
    """Return the talk time of those who talked, longest first; while nobody did, every member with 0."""
    silent: dict[UUID | None, float] = {member.id: 0.0 for member in people.members}
    seconds = {key: value for key, value in talked.items() if value > 0} or silent
    total = sum(seconds.values()) or 1
    ranked = sorted(seconds.items(), key=lambda item: -item[1])
    return [TalkShare(key, people.face(key), duration(value), round(100 * value / total)) for key, value in ranked]


def _statement(text: str, message: Message | None, part: int) -> LinkedStatement:
    return LinkedStatement(text, message_link(message, part) if message else "", clock(message.offset_s) if message else "")
