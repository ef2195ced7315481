"""Publish events that a page or job of this process stored, as soon as their transaction committed (law 1). Both run in threads."""

from collections.abc import Sequence
from typing import Any

from insights.recorder import StoredEvent, stored_afterwards
from streaming.cluster.background_loop import run_in_loop
from streaming.cluster.runtime import runtime


def connect() -> None:
    """Connect to the recorder's signal; call once in each process."""
    stored_afterwards.connect(_on_stored, dispatch_uid="streaming.recorder_signals")


def _on_stored(events: Sequence[StoredEvent], **signal: Any) -> None:
    """Publish in the event loop that serves the page; a worker or command has none and publishes over the channel layer only."""
    run_in_loop(_publish, events)


async def _publish(events: Sequence[StoredEvent]) -> None:
    await runtime().broadcaster.publish(events)
