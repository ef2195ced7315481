"""Publish events that a page of this process stored, as soon as their transaction is committed (design law 1). Pages run in threads."""

from collections.abc import Sequence
from typing import Any

from asgiref.sync import async_to_sync

from insights.recorder import StoredEvent, stored_afterwards
from streaming.cluster.runtime import runtime


def connect() -> None:
    """Connect to the recorder's signal; call once in each process."""
    stored_afterwards.connect(_on_stored, dispatch_uid="streaming.recorder_signals")


def _on_stored(events: Sequence[StoredEvent], **signal: Any) -> None:
    """Publish in the event loop that serves the page; a management command has none and publishes over the channel layer only."""
    async_to_sync(_publish)(events)


async def _publish(events: Sequence[StoredEvent]) -> None:
    await runtime().broadcaster.publish(events)
