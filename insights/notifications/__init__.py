"""Notifications: mails about conversations that are over or shared, and about tasks; webhooks about tasks (docs/guide/notifications.md).

`receivers` enqueues a job in the transaction of the event, `notify` decides who is told, `shares` tells of shares, `mails` has the words.
What was told is stored, so that a job that runs again tells it no second time.
"""

from insights.notifications.receivers import connect
from insights.notifications.shares import tell_of_share

__all__ = ["connect", "tell_of_share"]
