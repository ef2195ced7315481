"""Who spoke when: stored messages get the members whose speaker events cover them."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple
from uuid import UUID

from insights.database import write_transaction
from insights.models import Change, Insight, Member, Message, Speaker
from insights.names import LONGEST_NAME, clean_name
from insights.payloads import StoredEvent
from insights.recorder import speakers
from insights.recorder.edits import pieces
from insights.recorder.edits.changes import Edit, Edited
from insights.recorder.event_log import locked
from insights.recorder.types import RecorderError

BATCH = pieces.MOST
"""Messages that one transaction gives to other members at most."""
PAUSE_S = 0.02
"""Seconds between two batches, so that waiting writers get their turn."""


class NamedSpeaker(NamedTuple):
    """Who spoke: the id of a member or of the client, a name, an e-mail address; at least one of them."""

    id: str = ""
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class SpeakerEvent:
    """Somebody started or stopped speaking, in seconds from the start of the conversation."""

    started: bool
    person: NamedSpeaker
    offset: float


@dataclass(frozen=True, slots=True)
class SpokenSpan:
    """A stretch in which a person spoke."""

    person: NamedSpeaker
    start: float
    end: float


class MessageTime(NamedTuple):
    """When a message was said, in seconds from the start of the conversation, and by which member."""

    id: UUID
    offset: float
    duration: float
    member_id: UUID | None


def attribute_speakers(conversation_id: int, events: Sequence[SpeakerEvent], user_id: int) -> Edited:
    """Give each stored message to the member who spoke longest during it, by these events; others keep their speaker.

    A person is the member with this id, user id or e-mail address, without an id that with the name, else a new member. Raises
    UnknownConversation, and RecorderError for a stop without a start or a person without id, name and address.
    """
    spans = spans_of(events)
    said = Message.objects.filter(conversation_id=conversation_id).order_by("offset_s", "number")
    rows = said.values_list("id", "offset_s", "duration_s", "speaker__member_id")
    wanted = {message.id: person for message, person in _chosen([MessageTime(*row) for row in rows.iterator()], spans)}
    return give(conversation_id, user_id, conversation_id, wanted, [span.person for span in spans])


def give(
    conversation_id: int,
    user_id: int,
    target: UUID | int,
    wanted: Mapping[UUID, NamedSpeaker],
    people: Sequence[NamedSpeaker],
    prepare: Callable[[list[Member]], None] | None = None,
) -> Edited:
    """Give messages to persons, in short transactions; each of `people` becomes a member, if it is none.

    `wanted`: the person of each message, in the order of speech. All batches are one change, which after each of them says what was
    changed so far. They end early if the change is undone meanwhile. `prepare` is called with all members, and may change them, before
    the persons are looked for. Raises UnknownConversation.
    """
    change, events = Change(), list[StoredEvent]()
    members: dict[NamedSpeaker, UUID] = {}
    for number, piece in enumerate(pieces.pieces_of(list(wanted), BATCH), 1):
        with write_transaction():
            edit = Edit(locked(conversation_id), user_id)
            if change._state.adding:
                change = edit.new_change(Change.Kind.SPEAKERS, target)
            elif Change.objects.filter(undoes=change).exists():
                break
            everybody = Member.objects.filter(conversation=edit.conversation)
            edit.watch(everybody, Speaker.objects.filter(conversation=edit.conversation))
            if number == 1:
                present = list(everybody)
                if prepare is not None:
                    prepare(present)
                found = People(edit, present)
                members = {person: found.member_of(person).id for person in dict.fromkeys(people)}
            _give(edit, {one: members[wanted[one]] for one in piece.items})
            events += edit.store_batch(change, again=piece.again)
        if not piece.last:
            time.sleep(PAUSE_S)
    return Edited(None if change._state.adding else change.pk, events)


def _give(edit: Edit, wanted: Mapping[UUID, UUID]) -> None:
    """Give messages to members, or to those that these members became; what was deleted meanwhile is left out."""
    members = Member.objects.select_related("merged_into").in_bulk(set(wanted.values()))
    present = {identity: member.merged_into or member for identity, member in members.items()}
    rows = Message.objects.filter(conversation=edit.conversation, id__in=wanted)
    said = [MessageTime(*row) for row in rows.values_list("id", "offset_s", "duration_s", "speaker__member_id")]
    moved = {one: present[wanted[one.id]] for one in said if wanted[one.id] in present and one.member_id != present[wanted[one.id]].id}
    kept = [one.id for one in said if one not in moved and wanted[one.id] in present]
    Message.objects.filter(id__in=kept, speaker__diarization__isnull=False).update(speaker_chosen=True)  # it stays as the person wants it
    voices = {member: speakers.of_member(edit.conversation, member) for member in set(moved.values())}
    move(edit, {one: voices[member] for one, member in moved.items()})


def move(edit: Edit, moved: "Mapping[MessageTime, Speaker]") -> None:
    """Give messages to speakers. What a message's former member promised in it is promised by the new one.

    A later recognition does not take back what a person has said about the speaker of a message.
    """
    former = {message.id: message.member_id for message in moved}
    members = {message.id: speaker.member for message, speaker in moved.items()}
    own = Insight.objects.filter(message_id__in=former).exclude(assignee=None)
    edit.watch(Message.objects.filter(id__in=former), only=["speaker_id", "speaker_chosen"])
    edit.watch(own, only=["assignee_id", "assignee_name"])
    promised = [insight for insight in own if insight.assignee_id == former[insight.message_id]]
    for insight in promised:
        insight.assignee = members[insight.message_id]
        insight.assignee_name = str(insight.assignee or "")
    Insight.objects.bulk_update(promised, ["assignee", "assignee_name"], batch_size=100)
    voices: dict[Speaker, list[UUID]] = {}
    for message, speaker in moved.items():
        voices.setdefault(speaker, []).append(message.id)
    for speaker, ids in voices.items():
        Message.objects.filter(id__in=ids).update(speaker=speaker, **({"speaker_chosen": True} if edit.user_id is not None else {}))


def spans_of(events: Sequence[SpeakerEvent]) -> list[SpokenSpan]:
    """Return when each person spoke, ordered by start. A start without a stop lasts until the end. Raises RecorderError."""
    people = _named(events)
    spans: list[SpokenSpan] = []
    open_since: dict[NamedSpeaker, list[float]] = {}
    for place, event in sorted(enumerate(events), key=lambda item: (item[1].offset, item[1].started, item[0])):
        person = people[place]
        if event.started:
            open_since.setdefault(person, []).append(event.offset)
        elif not open_since.get(person):
            raise RecorderError(f"speakerEvents.{place}: stopped_speaking needs a started_speaking of the same user before it")
        else:
            spans.append(SpokenSpan(person, open_since[person].pop(0), event.offset))
    spans += [SpokenSpan(person, start, inf) for person, starts in open_since.items() for start in starts]
    return sorted(spans, key=lambda span: span.start)


def _named(events: Sequence[SpeakerEvent]) -> list[NamedSpeaker]:
    """Return the person of each event, with all that any event says of them. The same id, else address, else name: the same person."""
    cleaned = [NamedSpeaker(*(clean_name(text, LONGEST_NAME) for text in event.person)) for event in events]
    known: dict[str, NamedSpeaker] = {}
    for place, person in enumerate(cleaned):
        key = person.id or person.email or person.name
        if not key:
            raise RecorderError(f"speakerEvents.{place}.user: id, name or email is needed, with visible characters")
        before = known.get(key, person)
        known[key] = NamedSpeaker(*(first or second for first, second in zip(before, person, strict=True)))
    return [known[person.id or person.email or person.name] for person in cleaned]


def _chosen(messages: Sequence[MessageTime], spans: Sequence[SpokenSpan]) -> Iterator[tuple[MessageTime, NamedSpeaker]]:
    """Yield the messages, ordered by time, that a span covers at least in part, with the person who spoke longest during each.

    Of two who spoke equally long, it is the one who began last.
    """
    waiting, current = 0, list[SpokenSpan]()
    for message in messages:
        start, end = message.offset, message.offset + message.duration
        while waiting < len(spans) and spans[waiting].start <= end:
            current.append(spans[waiting])
            waiting += 1
        current = [span for span in current if span.end > start]
        covering = [span for span in current if span.start < end or span.start == start]
        if covering:
            yield message, max(covering, key=lambda span: (min(end, span.end) - max(start, span.start), span.start)).person


class People:
    """The members of a conversation, to find or create the one that a person is."""

    def __init__(self, edit: Edit, members: list[Member]) -> None:
        self._edit = edit
        self._members = members

    def member_of(self, person: NamedSpeaker) -> Member:
        """Return the member; a new one is stored."""
        user_id, name, email = person
        for wanted, values in (
            (user_id, lambda member: (str(member.id), member.user_id)),
            (email, lambda member: (member.email,)),
            ("" if user_id or email else name, lambda member: (member.name,)),
        ):
            for member in self._members:
                if wanted and wanted in values(member):
                    return self._current(member)
        member = Member.objects.create(conversation=self._edit.conversation, user_id=user_id, name=name, email=email)
        self._members.append(member)
        return member

    def _current(self, member: Member) -> Member:
        """Return the member that a merged one became."""
        by_id: dict[UUID, Member] = {one.id: one for one in self._members}
        return by_id[member.merged_into_id] if member.merged_into_id else member
