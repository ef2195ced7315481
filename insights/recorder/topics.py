"""Topics of live conversations: term counts cached in memory and updated from the tables when another process wrote.

Each process caches the topic counts of the conversations that it recorded recently. A cached entry is valid if the conversation's
last event is the one that this process wrote; otherwise the missing messages are read first.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from insights import derived
from insights.analysis import topics as analysis
from insights.analysis.other_languages.noun_topics import NounTopics
from insights.analysis.other_languages.rules_by_language import rules_of
from insights.analysis.text.supported_languages import has_topics
from insights.events import Kind
from insights.models import Conversation, Event, Message, Topic, TopicReference
from insights.recorder.redact import without_masks

MOST_REMEMBERED = 512
"""Conversations whose counts are cached; the least recently recorded one is evicted first."""

NEW_TOPICS = 10
"""Only so many of the strongest topics become rows. A stored topic keeps its row when others become stronger."""

SCORED = 40
"""Topics that are scored at a time. A stored topic that is no longer among them gets the score of the weakest of them at most."""

NOTABLE = 0.05
"""Smallest change of a score that makes an event."""

MOST_EVENT_MESSAGES = 20
"""Messages that an event lists for a topic, unless more of them are new."""

Change = tuple[Topic, list[str]]
"""A new or changed topic, and the ids of the messages that were added to it."""


@dataclass(slots=True)
class Known:
    """A stored topic and the ids of its messages, in order."""

    row: Topic
    message_ids: dict[str, None] = field(default_factory=dict)


def index_for(language: str) -> analysis.TopicIndex | NounTopics:
    """Return an empty index for the topics of a conversation in this language."""
    rules = rules_of(language)
    return analysis.TopicIndex() if rules is None else NounTopics(rules)


class TopicCounts:
    """The topic counts of one conversation in this process. Hold `lock` while using it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Discard all counts; the next `catch_up` reads them from the tables."""
        self._index: analysis.TopicIndex | NounTopics = analysis.TopicIndex()
        self._language = ""
        self._message = 0  # number of the last stored message that is counted
        self._event = 0  # number of the last event that is included
        self.known: dict[str, Known] = {}

    def current(self, conversation: Conversation) -> bool:
        """Return whether no other process wrote since this one did, and the language is the same."""
        return self._event == conversation.last_event and self._language == conversation.language

    def catch_up(self, conversation: Conversation) -> bool:
        """Count the messages that other processes stored, and read the stored topics. Three queries; none if nothing is new.

        Returns True if everything was counted again because a message was changed or deleted, or the language was found. Messages that
        were added but are not stored yet are not counted then; the caller adds them again.
        """
        if self.current(conversation):
            return False
        later = Event.objects.filter(conversation=conversation, number__gt=self._event)
        recount = bool(self._event) and later.filter(kind__in=(Kind.MESSAGE_CORRECTED, Kind.MESSAGE_DELETED)).exists()
        recount |= self._language != conversation.language
        if recount:
            self._index, self._message, self._language = index_for(conversation.language), 0, conversation.language
        rows = Message.objects.filter(conversation=conversation, number__gt=self._message, number__lte=conversation.message_count)
        rows = rows.filter(language="") if has_topics(conversation.language) else rows.none()
        for identity, text, sentiment in rows.order_by("number").values_list("id", "text", "sentiment"):
            self._index.add(str(identity), without_masks(text), sentiment)
        topics = Topic.objects.filter(conversation=conversation).prefetch_related("references")
        self.known = {row.text: Known(row, {str(reference.message_id): None for reference in row.references.all()}) for row in topics}
        self.stored(conversation)
        return recount

    def add(self, messages: Sequence[Message]) -> None:
        """Count messages that are about to be stored."""
        for message in messages:
            self._index.add(str(message.id), without_masks(message.text), message.sentiment)

    def stored(self, conversation: Conversation) -> None:
        """Mark everything up to the conversation's last message and event as included."""
        self._message, self._event = conversation.message_count, conversation.last_event

    def changes(self, conversation: Conversation) -> list[Change]:
        """Return the topics that are new or have changed since they were stored, as unsaved rows."""
        best = self._index.top(SCORED)
        scores = self._scores(best)
        found = [
            (_row(conversation, topic, scores[topic.text[:300]]), list(topic.message_ids))
            for topic in best[:NEW_TOPICS]
            if topic.text[:300] not in self.known
        ]
        scored = {topic.text[:300]: topic for topic in best}
        for text, known in self.known.items():
            change = self._change(conversation, known, scored.get(text), scores[text])
            if change is not None:
                found.append(change)
        return found

    def _scores(self, best: Sequence[analysis.Topic]) -> dict[str, float]:
        """Return the scores of the stored and the new topics, which keep the order of the stored ones as far as possible."""
        now = {topic.text[:300]: topic.score for topic in best}
        weakest = best[-1].score if best else 0.0
        order = sorted(self.known, key=lambda text: (-self.known[text].row.score, text))
        scores = {text: now.get(text, min(self.known[text].row.score, weakest)) for text in order}
        return analysis.steady(order, scores | {topic.text[:300]: topic.score for topic in best[:NEW_TOPICS]})

    def _change(self, conversation: Conversation, known: Known, now: analysis.Topic | None, score: float) -> Change | None:
        """Return the change of a stored topic; None if it is too small for an event."""
        old = known.row
        topic = now or analysis.Topic(old.text, score, (), old.sentiment, old.parent_text)
        row = _row(conversation, topic, score, old.id)
        fresh = [identity for identity in now.message_ids if identity not in known.message_ids] if now else []
        notable = fresh or abs(old.score - row.score) >= NOTABLE or old.parent_text != row.parent_text
        return (row, fresh) if notable else None


def _row(conversation: Conversation, topic: analysis.Topic, score: float, identity: UUID | None = None) -> Topic:
    row = Topic(conversation=conversation, text=topic.text[:300], score=min(1.0, max(0.0, score)))
    row.sentiment, row.parent_text = topic.sentiment, (topic.parent or "")[:300]
    if identity is not None:
        row.id = identity
    return row


def store(memory: TopicCounts, changes: list[Change]) -> None:
    """Save new and changed topics and their references, with two statements, and add them to `memory`."""
    fields = ["score", "sentiment", "parent_text"]
    rows = [row for row, _ in changes]
    Topic.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=fields)
    references = [TopicReference(topic=row, message_id=UUID(identity)) for row, ids in changes for identity in ids]
    TopicReference.objects.bulk_create(references)
    for row, ids in changes:
        known = memory.known.setdefault(row.text, Known(row))
        known.row = row
        known.message_ids.update(dict.fromkeys(ids))


def some_messages(ids: list[str], fresh: int = 0) -> list[str]:
    """Return the ids of messages that an event lists for a topic: the first one and the latest, including all `fresh` new ones.

    The list is bounded, because a topic of a long conversation may have thousands of messages. All events of a topic together list all.
    """
    latest = max(fresh, MOST_EVENT_MESSAGES - 1)
    return ids if len(ids) <= latest + 1 else [ids[0], *ids[-latest:]]


_cache: OrderedDict[int, TopicCounts] = OrderedDict()
_cache_lock = threading.Lock()


@contextmanager
def remembered(conversation_id: int) -> Iterator[TopicCounts]:
    """Lock and yield a conversation's counts; other threads that record the same conversation wait. An exception resets them."""
    with _cache_lock:
        memory = _cache.setdefault(conversation_id, TopicCounts())
        _cache.move_to_end(conversation_id)
        while len(_cache) > MOST_REMEMBERED:
            _cache.popitem(last=False)
    with memory.lock:
        try:
            yield memory
        except BaseException:
            memory.reset()
            raise


def forget(conversation_id: int) -> None:
    """Remove a conversation from the cache. If it is recorded again, its counts are read from the tables."""
    with _cache_lock:
        _cache.pop(conversation_id, None)


def _cached() -> set[int]:
    with _cache_lock:
        return set(_cache)


derived.register(forget, _cached)
