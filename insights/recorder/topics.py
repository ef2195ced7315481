"""What conversations are about, kept in memory while they go on, and caught up from the tables when others wrote.

Each process remembers the topic counts of the conversations that it lately recorded. A remembered conversation is only
trusted when its last event is the one that this process wrote; otherwise the missing messages are read first.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID

from insights.analysis import topics as analysis
from insights.analysis.text.languages import knows
from insights.events import Kind
from insights.models import Conversation, Event, Message, Topic, TopicReference

MOST_REMEMBERED = 512
"""Conversations whose counts are kept in memory; the one that was silent longest is forgotten first."""

NEW_TOPICS = 10
"""Only the strongest topics become rows; they stay rows when others overtake them."""

SCORED = 40
"""So many topics are scored at a time; a stored one that is not among them any more is as weak as the weakest of them."""

NOTABLE = 0.05
"""A smaller change of a score is not worth an event."""

MOST_TOLD = 20
"""Messages that an event names for a topic, unless more of them are new."""

Change = tuple[Topic, list[str]]
"""A topic that is new or changed, and the ids of the messages that it newly refers to."""


@dataclass(slots=True)
class Known:
    """A topic as it is stored, and the messages it refers to, in order."""

    row: Topic
    message_ids: dict[str, None] = field(default_factory=dict)


class Memory:
    """One conversation's topic counts in this process. Used by one thread at a time, under its lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget all; it is read anew from the tables."""
        self._index = analysis.TopicIndex()
        self._message = 0  # number of the last stored message that is counted
        self._event = 0  # number of the last event that is known
        self.known: dict[str, Known] = {}

    def current(self, conversation: Conversation) -> bool:
        """Whether nobody else wrote since this process did."""
        return self._event == conversation.last_event

    def catch_up(self, conversation: Conversation) -> bool:
        """Count the messages that others stored, and read the stored topics. Three queries, none when nothing is new.

        Returns whether all was counted anew, as wording was corrected: what was added but is not stored yet is not in it.
        """
        if self.current(conversation):
            return False
        later = Event.objects.filter(conversation=conversation, number__gt=self._event)
        anew = bool(self._event) and later.filter(kind=Kind.MESSAGE_CORRECTED).exists()
        if anew:
            self._index, self._message = analysis.TopicIndex(), 0
        rows = Message.objects.filter(conversation=conversation, number__gt=self._message, number__lte=conversation.message_count)
        rows = rows if knows(conversation.language) else rows.none()
        for identity, text, sentiment in rows.order_by("number").values_list("id", "text", "sentiment"):
            self._index.add(str(identity), text, sentiment)
        topics = Topic.objects.filter(conversation=conversation).prefetch_related("references")
        self.known = {row.text: Known(row, {str(reference.message_id): None for reference in row.references.all()}) for row in topics}
        self.stored(conversation)
        return anew

    def add(self, messages: Sequence[Message]) -> None:
        """Count messages that are about to be stored."""
        for message in messages:
            self._index.add(str(message.id), message.text, message.sentiment)

    def stored(self, conversation: Conversation) -> None:
        """Note that all up to the conversation's last message and event is known."""
        self._message, self._event = conversation.message_count, conversation.last_event

    def changes(self, conversation: Conversation) -> list[Change]:
        """Return the topics that are new or changed since they were stored. The rows are not saved yet."""
        best = self._index.top(SCORED)
        found = [(_row(conversation, topic), list(topic.message_ids)) for topic in best[:NEW_TOPICS] if topic.text[:300] not in self.known]
        scored = {topic.text[:300]: topic for topic in best}
        for text, known in self.known.items():
            change = self._change(conversation, known, scored.get(text), best[-1].score if best else 0.0)
            if change is not None:
                found.append(change)
        return found

    def _change(self, conversation: Conversation, known: Known, now: analysis.Topic | None, weakest: float) -> Change | None:
        """Return what became of a stored topic; None where it is not worth telling."""
        old = known.row
        if now is None:
            row = _row(conversation, analysis.Topic(old.text, min(old.score, weakest), (), old.sentiment, old.parent_text), old.id)
        else:
            row = _row(conversation, now, old.id)
        fresh = [identity for identity in now.message_ids if identity not in known.message_ids] if now else []
        notable = fresh or abs(old.score - row.score) >= NOTABLE or old.parent_text != row.parent_text
        return (row, fresh) if notable else None


def _row(conversation: Conversation, topic: analysis.Topic, identity: UUID | None = None) -> Topic:
    row = Topic(conversation=conversation, text=topic.text[:300], score=min(1.0, max(0.0, topic.score)))
    row.sentiment, row.parent_text = topic.sentiment, (topic.parent or "")[:300]
    if identity is not None:
        row.id = identity
    return row


def store(memory: Memory, changes: list[Change]) -> None:
    """Save changed topics and their references in three statements at most, and note them as known."""
    fields = ["score", "sentiment", "parent_text"]
    fresh = [row for row, _ in changes if row.text not in memory.known]
    Topic.objects.bulk_create(fresh)
    Topic.objects.bulk_update([row for row, _ in changes if row.text in memory.known], fields)
    references = [TopicReference(topic=row, message_id=UUID(identity)) for row, ids in changes for identity in ids]
    TopicReference.objects.bulk_create(references)
    for row, ids in changes:
        known = memory.known.setdefault(row.text, Known(row))
        known.row = row
        known.message_ids.update(dict.fromkeys(ids))


def told(known: Known, fresh: int) -> list[str]:
    """Return the messages that an event about a topic names: the first one, and the latest ones, with all `fresh` new ones among them.

    Their number is bounded, for a topic of a long conversation may refer to thousands. Whoever keeps those of all its events has them all.
    """
    latest = max(fresh, MOST_TOLD - 1)
    if len(known.message_ids) <= latest + 1:
        return list(known.message_ids)
    return [next(iter(known.message_ids)), *reversed(list(islice(reversed(known.message_ids), latest)))]


_remembered: OrderedDict[int, Memory] = OrderedDict()
_guard = threading.Lock()


@contextmanager
def remembered(conversation_id: int) -> Iterator[Memory]:
    """Hold a conversation's counts; other threads that record the same one wait. An exception makes it forget."""
    with _guard:
        memory = _remembered.setdefault(conversation_id, Memory())
        _remembered.move_to_end(conversation_id)
        while len(_remembered) > MOST_REMEMBERED:
            _remembered.popitem(last=False)
    with memory.lock:
        try:
            yield memory
        except BaseException:
            memory.reset()
            raise


def forget(conversation_id: int) -> None:
    """Free what is remembered of a conversation; should it be recorded again, it is read anew."""
    with _guard:
        _remembered.pop(conversation_id, None)
