"""Lock a conversation and number its events. Used only inside the recorder."""

from datetime import datetime

from insights import events
from insights.compiled_query import CompiledQuery
from insights.events import ConversationEvent, Kind
from insights.models import Conversation, Event, LanguageResult
from insights.payloads import StoredEvent
from insights.recorder.signals import storing
from insights.recorder.types import UnknownConversation

REWRITING = (Kind.MESSAGE_CORRECTED, Kind.MESSAGE_DELETED, Kind.MESSAGES_MOVED, Kind.MEMBER_CHANGED)
"""Events after which what a language model wrote is removed: it may repeat words or names that are gone."""


def clean(text: str, limit: int | None = None) -> str:
    """Return text that every database can store: without NUL, lone surrogates replaced by `?`, at most `limit` characters."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()[:limit]


def locked(conversation_id: int, *, binned: bool = False) -> Conversation:
    """Return a visible conversation with its row locked until the transaction ends. `binned`: also one in the bin, to delete words in it.

    Raises UnknownConversation.
    """
    conversation = (_BINNED if binned else _VISIBLE).first(conversation_id)
    if conversation is None:
        raise UnknownConversation(f"conversation {conversation_id} does not exist")
    return conversation


_VISIBLE = CompiledQuery(lambda conversation: Conversation.objects.select_for_update().filter(id=conversation).order_by())
_BINNED = CompiledQuery(lambda conversation: Conversation.everything.select_for_update().filter(id=conversation, erased_at=None).order_by())


def locked_if_free(conversation_id: int) -> Conversation | None:
    """Return a conversation as `locked` does; None, without waiting, if another transaction has locked it or it does not exist.

    SQLite has no row locks; there the open write transaction itself excludes other writers.
    """
    return Conversation.objects.select_for_update(skip_locked=True).filter(id=conversation_id).first()


class EventLog:
    """Collect the events of one transaction on a locked conversation and store them with the next numbers."""

    def __init__(self, conversation: Conversation, now: datetime) -> None:
        self._conversation = conversation
        self._now = now
        self._stored: list[StoredEvent] = []

    def add(self, event: ConversationEvent) -> None:
        """Add an event with the next number."""
        number = self._conversation.last_event + len(self._stored) + 1
        self._stored.append(StoredEvent(self._conversation.id, number, event, self._now))

    def store(self, *changed: str) -> list[StoredEvent]:
        """Store the events, the new last number and the `changed` fields of the conversation; two statements, after an edit three.

        A new conversation is stored with all of its fields.
        """
        self._conversation.last_event += len(self._stored)
        if self._conversation._state.adding:
            self._conversation.save(force_insert=True)
        elif self._stored or changed:
            self._conversation.save(update_fields=["last_event", *changed])
        Event.objects.bulk_create(map(_row, self._stored))
        if any(stored.event.kind in REWRITING for stored in self._stored):
            LanguageResult.objects.filter(conversation=self._conversation).delete()
        if self._stored:
            storing.send(sender=None, conversation=self._conversation, events=self._stored)
        return self._stored


def _row(stored: StoredEvent) -> Event:
    event = stored.event
    return Event(
        conversation_id=stored.conversation_id,
        number=stored.number,
        kind=str(event.kind),
        payload=events.dump(event),
        created_at=stored.at,
    )
