"""Publish what `insights` reports by signals: what a page of this process stored or deleted, and the progress of jobs.

Pages run in threads. What they stored is published as soon as its transaction is committed (design law 1). Progress has no number and
may be dropped (law 2).
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from insights import jobs
from insights.models import Job
from insights.recorder import StoredEvent, conversation_deleted, conversation_hidden, events_emptied, stored_afterwards
from insights.snapshots import JobProgress
from streaming.cluster.background_loop import run_in_loop
from streaming.cluster.deletions import WordsChange
from streaming.cluster.runtime import running, runtime


def connect() -> None:
    """Connect to the signals of the recorder and of jobs; call once in each process."""
    stored_afterwards.connect(_on_stored, dispatch_uid="streaming.stored_afterwards")
    conversation_deleted.connect(_on_deleted, dispatch_uid="streaming.conversation_deleted")
    conversation_hidden.connect(_on_deleted, dispatch_uid="streaming.conversation_hidden")
    events_emptied.connect(_on_emptied, dispatch_uid="streaming.events_emptied")
    jobs.progressed.connect(_on_progress, dispatch_uid="streaming.job_progress")


def _on_stored(events: Sequence[StoredEvent], **signal: Any) -> None:
    """Publish in the event loop that serves the page; a worker or command has none and publishes over the channel layer only."""
    run_in_loop(_publish, events)


async def _publish(events: Sequence[StoredEvent]) -> None:
    await runtime().broadcaster.publish(events)


def _on_deleted(conversation_id: int, **signal: Any) -> None:
    _apply(WordsChange.DELETED, conversation_id)


def _on_emptied(conversation_id: int, **signal: Any) -> None:
    _apply(WordsChange.EMPTIED, conversation_id)


def _apply(change: WordsChange, conversation_id: int) -> None:
    """Apply a change in all event loops of this process and tell the other processes, without waiting for either.

    A deletion also comes from threads without an event loop of their own, such as retention, so the loops are looked up.
    """
    loops = running()
    for loop, own in loops:
        loop.call_soon_threadsafe(own.deletions.apply, change, conversation_id)
    if loops:
        loop, own = loops[0]
        asyncio.run_coroutine_threadsafe(own.deletions.publish(change, conversation_id), loop)
    else:
        run_in_loop(_publish_change, change, conversation_id)


async def _publish_change(change: WordsChange, conversation_id: int) -> None:
    await runtime().deletions.publish(change, conversation_id)


def _on_progress(job: Job, **signal: Any) -> None:
    if job.conversation_id is not None and not job.internal:
        percent = round(100 * job.progress)
        run_in_loop(_publish_progress, JobProgress(job.conversation_id, str(job.id), job.kind, str(job.status), percent, job.reason))


async def _publish_progress(progress: JobProgress) -> None:
    await runtime().broadcaster.publish_progress(progress)
