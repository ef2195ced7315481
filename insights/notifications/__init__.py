"""Notifications: mails to people when a conversation is over or a task is theirs, and webhooks about tasks (docs/guide/notifications.md).

`receivers` enqueues a job in the transaction of the event, `notify` decides who is told, `mails` has the words. What was told is stored, so
that a job that runs again tells it no second time.
"""

from insights.notifications.receivers import connect

__all__ = ["connect"]
