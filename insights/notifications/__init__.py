"""Notifications: mails about conversations that are over or shared, and about tasks; webhooks about tasks (docs/guide/notifications.md).

`receivers` enqueues a job in the transaction of the event, `notify` decides who gets one, `shares` announces shares, `mails` has the words.
What was sent is stored, so that a job that runs again does not send it a second time.
"""

from insights.notifications.receivers import connect
from insights.notifications.shares import notify_of_share

__all__ = ["connect", "notify_of_share"]
