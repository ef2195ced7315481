"""Tells listeners of what was stored by a page of this process, in a thread of its own, as soon as it is committed (design law 1)."""

from collections.abc import Sequence
from typing import Any

from asgiref.sync import async_to_sync

from insights.recorder import StoredEvent, stored_afterwards
from streaming.cluster.broadcast import broadcaster


def connect() -> None:
    """Ring from now on; once for each process."""
    stored_afterwards.connect(_ring, dispatch_uid="streaming.bell")


def _ring(events: Sequence[StoredEvent], **signal: Any) -> None:
    """Publish in the event loop that serves the page; in a command, which has none, over the channel layer alone."""
    async_to_sync(_publish)(events)


async def _publish(events: Sequence[StoredEvent]) -> None:
    await broadcaster().publish(events)
