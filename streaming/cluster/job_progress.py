"""The progress of a conversation's job as a notification, which has no number and may be dropped (design law 2)."""

from typing import Any

from insights import jobs
from insights.models import Job
from insights.snapshots import JobProgress
from streaming.cluster.background_loop import run_in_loop
from streaming.cluster.runtime import runtime


def connect() -> None:
    """Connect to the signal of jobs; call once in each process."""
    jobs.progressed.connect(_on_progress, dispatch_uid="streaming.job_progress")


def _on_progress(job: Job, **signal: Any) -> None:
    if job.conversation_id is not None and not job.internal:
        percent = round(100 * job.progress)
        run_in_loop(_publish, JobProgress(job.conversation_id, str(job.id), job.kind, str(job.status), percent, job.reason))


async def _publish(progress: JobProgress) -> None:
    await runtime().broadcaster.publish_progress(progress)
