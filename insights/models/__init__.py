"""The tables: who may read, what was said, what was found in it, and what happened in which order.

Only the recorder writes conversations and only the queries read them; apps are the access room's.
"""

from insights.models.apps import App
from insights.models.conversations import Conversation, LiveSession, Member
from insights.models.events import Event
from insights.models.findings import Insight, Topic, TopicReference, TrackerMatch
from insights.models.messages import Entity, Message

__all__ = [
    "App",
    "Conversation",
    "Entity",
    "Event",
    "Insight",
    "LiveSession",
    "Member",
    "Message",
    "Topic",
    "TopicReference",
    "TrackerMatch",
]
