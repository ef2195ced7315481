"""The kinds of webhook messages, and which event of a conversation becomes which."""

from insights.events import ConversationEvent, Kind

TASK_ASSIGNED = "task.assigned"
"""A task became one of the account that owns the webhook. It follows from rows, not from an event (`insights.notifications`)."""
COMPLETED = "conversation.completed"
EVENT_KINDS = ("conversation.started", COMPLETED, "insight.created", "tracker.matched", TASK_ASSIGNED)
"""The kinds that a webhook can subscribe to."""
TEST = "webhook.test"
JOB_STATUS, CONVERSATION_STATUS = "job.status", "conversation.status"
"""The messages in Symbl's form to a `webhookUrl`."""

IN_BIN = "the conversation was in the bin"
"""Why a delivery was not sent. That of the end of a conversation is sent when the conversation is restored."""

_OF_EVENTS: dict[str, str] = {
    Kind.CONVERSATION_CREATED: "conversation.started",
    Kind.CONVERSATION_COMPLETED: COMPLETED,
    Kind.INSIGHTS: "insight.created",
    Kind.TRACKERS: "tracker.matched",
}


def kind_of(event: ConversationEvent) -> str:
    """Return the kind of message that an event becomes; an empty text if webhooks do not get it."""
    return _OF_EVENTS.get(event.kind, "")
