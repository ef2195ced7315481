"""The kinds of webhook messages, and which event of a conversation becomes which."""

from insights.events import ConversationEvent, Kind

TASK_ASSIGNED = "task.assigned"
"""A task became one of the account that owns the webhook. It follows from rows, not from an event (`insights.notifications`)."""
EVENT_KINDS = ("conversation.started", "conversation.completed", "insight.created", "tracker.matched", TASK_ASSIGNED)
"""The kinds that a webhook can subscribe to."""
TEST = "webhook.test"
JOB_STATUS, CONVERSATION_STATUS = "job.status", "conversation.status"
"""The messages in Symbl's form to a `webhookUrl`."""

_OF_EVENTS: dict[str, str] = {
    Kind.CONVERSATION_CREATED: "conversation.started",
    Kind.CONVERSATION_COMPLETED: "conversation.completed",
    Kind.INSIGHTS: "insight.created",
    Kind.TRACKERS: "tracker.matched",
}


def kind_of(event: ConversationEvent) -> str:
    """Return the kind of message that an event becomes; an empty text if webhooks do not get it."""
    return _OF_EVENTS.get(event.kind, "")
