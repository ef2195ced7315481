"""The only writer of conversations: everything that happens in one is stored here, numbered, in one transaction each.

Synchronous; asynchronous callers use a thread. What a function returns is committed (design laws 1 and 2).
"""

from insights.events import Kind
from insights.payloads import StoredEvent
from insights.recorder.afterwards import stored_afterwards
from insights.recorder.closing import close_due, heartbeat, leave
from insights.recorder.forgetting import forget_ended_before, remove_conversation
from insights.recorder.opening import open_conversation
from insights.recorder.recording import record
from insights.recorder.requests import (
    ConversationBusy,
    Joined,
    Listening,
    Opening,
    RecorderError,
    Speaker,
    SpokenWord,
    UnknownConversation,
    UnknownMember,
    UnknownMessage,
    Utterance,
)
from insights.recorder.reviewing import correct_message, review_insight

__all__ = [
    "ConversationBusy",
    "Joined",
    "Kind",
    "Listening",
    "Opening",
    "RecorderError",
    "Speaker",
    "SpokenWord",
    "StoredEvent",
    "UnknownConversation",
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
    "remove_conversation",
    "review_insight",
    "stored_afterwards",
]
