"""The lock on a conversation and the numbering of its events. Only the other modules of the recorder use it."""

from datetime import datetime

from insights import events
from insights.events import ConversationEvent
from insights.models import Conversation, Event
from insights.payloads import StoredEvent
from insights.recorder.types import UnknownConversation


def clean(text: str, limit: int | None = None) -> str:
    """Return text that every database can keep: no NUL, no lone surrogate, at most `limit` characters."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()[:limit]


def locked(conversation_id: int) -> Conversation:
    """Return a conversation whose row nobody else can change until the transaction ends. Raises UnknownConversation."""
    try:
        return Conversation.objects.select_for_update().get(id=conversation_id)
    except Conversation.DoesNotExist:
        raise UnknownConversation(f"conversation {conversation_id} does not exist") from None


def locked_if_free(conversation_id: int) -> Conversation | None:
    """Return a conversation as `locked` does, or None at once where another transaction holds it, or where it is gone.

    SQLite knows no locks of rows: there the transaction itself, which is open already, keeps others out.
    """
    return Conversation.objects.select_for_update(skip_locked=True).filter(id=conversation_id).first()


class EventLog:
    """Collects the events of one transaction on a locked conversation and stores them under the next numbers."""

    def __init__(self, conversation: Conversation, now: datetime) -> None:
        self._conversation = conversation
        self._now = now
        self._stored: list[StoredEvent] = []

    def add(self, event: ConversationEvent) -> None:
        """Note an event; it gets the number after the last one."""
        number = self._conversation.last_event + len(self._stored) + 1
        self._stored.append(StoredEvent(self._conversation.id, number, event, self._now))

    def store(self, *changed: str) -> list[StoredEvent]:
        """Store the events, the new last number, and the changed fields of the conversation. Two statements at most."""
        Event.objects.bulk_create(map(_row, self._stored))
        self._conversation.last_event += len(self._stored)
        if self._stored or changed:
            self._conversation.save(update_fields=["last_event", *changed])
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
