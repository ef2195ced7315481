"""Deletions of conversations, in every process: readers are closed, cached words dropped, interrupted deletions and redactions continued.

A process announces a deletion to all others by the channel layer. A process that missed it finds out by itself: the check for lost events
does so for subscriptions (`broadcast.py`), the check here for caches.
"""

import logging
from enum import StrEnum
from typing import assert_never

from insights import derived, queries, recorder
from insights.snapshots import Payload
from streaming.aio.database_executors import run_in_database, run_maintenance
from streaming.cluster.broadcast import Broadcaster
from streaming.cluster.poller import Poller
from streaming.cluster.pubsub import PubSub

logger = logging.getLogger(__name__)

CHECK_S = 5.0
"""Seconds between two checks of the caches, and for interrupted deletions."""
GROUP = "deletions"


class WordsChange(StrEnum):
    """What happened to stored words."""

    DELETED = "deleted"
    """The conversation was deleted, or moved to the bin."""
    EMPTIED = "emptied"
    """Words in it were deleted or redacted, so that cached ones are wrong."""


class Deletions:
    """The part of one event loop in deletions."""

    def __init__(self, on: PubSub, poller: Poller, broadcaster: Broadcaster) -> None:
        self._pubsub = on
        self._poller = poller
        self._broadcaster = broadcaster
        self._joined = False

    def start(self) -> None:
        """Start to listen and to check; may be called again."""
        self._poller.add("check for deletions", self._check, CHECK_S, first_s=0.0)

    def apply(self, change: WordsChange, conversation_id: int) -> None:
        """Drop what this process has cached, and close the readers of this event loop if the conversation was deleted."""
        derived.forget(conversation_id)
        match change:
            case WordsChange.DELETED:
                self._broadcaster.end_deleted(conversation_id)
            case WordsChange.EMPTIED:
                pass
            case _:
                assert_never(change)

    async def publish(self, change: WordsChange, conversation_id: int) -> None:
        """Tell all other processes."""
        await self._pubsub.publish(GROUP, {"change": str(change), "conversation": conversation_id})

    def _on_message(self, message: Payload) -> None:
        self.apply(WordsChange(message["change"]), message["conversation"])

    async def _check(self) -> None:
        if not self._joined:
            await self._pubsub.join(GROUP, self._on_message)
            self._joined = True
        cached = derived.cached()
        if cached:
            known = await run_in_database(queries.last_events, cached)
            for conversation_id in cached - known.keys():
                derived.forget(conversation_id)
        await run_maintenance(recorder.continue_deletions)
        await run_maintenance(recorder.continue_redactions)
