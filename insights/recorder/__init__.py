"""The only writer of conversations. Each call stores its rows and numbered events in one transaction.

Synchronous; asynchronous callers use a thread. The events that a function returns are committed (laws 1 and 2 in docs/architecture.md).
"""

from insights.events import Kind
from insights.payloads import StoredEvent
from insights.recorder.corrections import correct_message, review_insight
from insights.recorder.ending import close_due, leave
from insights.recorder.join import open_conversation
from insights.recorder.processes import heartbeat, register_process, remove_process
from insights.recorder.record_results import record
from insights.recorder.retention import forget_ended_before, remove_conversation
from insights.recorder.signals import stored_afterwards
from insights.recorder.types import (
    ConversationBusy,
    Joined,
    Listening,
    Opening,
    RecorderError,
    SpeakerIdentity,
    SpokenWord,
    UnknownConversation,
    UnknownKind,
    UnknownMember,
    UnknownMessage,
    Utterance,
)

__all__ = [
    "ConversationBusy",
    "Joined",
    "Kind",
    "Listening",
    "Opening",
    "RecorderError",
    "SpeakerIdentity",
    "SpokenWord",
    "StoredEvent",
    "UnknownConversation",
    "UnknownKind",
    "UnknownMember",
    "UnknownMessage",
    "Utterance",
    "close_due",
    "correct_message",
    "forget_ended_before",
    "heartbeat",
    "leave",
    "open_conversation",
    "record",
    "register_process",
    "remove_process",
    "remove_conversation",
    "review_insight",
    "stored_afterwards",
]
