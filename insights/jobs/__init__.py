"""Jobs: work after or beside the live path, done by workers (docs/operate/jobs.md).

The row of a job is the truth; the task queue only tells workers that a job can run. `enqueue` stores a job, a function with
`@handler(kind)` does it in a worker process.
"""

from insights.jobs.enqueue import CANCELLED, cancel, enqueue
from insights.jobs.errors import Cancelled, ClaimLost, Failed, Interrupted, Stopping, TooManyJobs, UnknownJobKind
from insights.jobs.handlers import Handler, handler
from insights.jobs.language_model import LanguageProgress, scored_or_asked, written_or_asked
from insights.jobs.mail import send_mail
from insights.jobs.queries import (
    failed_imports_among,
    importing_among,
    is_scheduled,
    job_of,
    jobs_of,
    older_than,
    recordings_of,
    worker_is_missing,
)
from insights.jobs.run_waiting import run_waiting
from insights.jobs.running import RunningJob
from insights.jobs.signals import progressed, status_changed, status_stored
from insights.models import Job

Status = Job.Status

__all__ = [
    "CANCELLED",
    "Cancelled",
    "ClaimLost",
    "Failed",
    "Handler",
    "Interrupted",
    "LanguageProgress",
    "RunningJob",
    "Status",
    "Stopping",
    "TooManyJobs",
    "UnknownJobKind",
    "cancel",
    "enqueue",
    "failed_imports_among",
    "handler",
    "importing_among",
    "is_scheduled",
    "job_of",
    "jobs_of",
    "older_than",
    "progressed",
    "recordings_of",
    "run_waiting",
    "send_mail",
    "status_changed",
    "status_stored",
    "worker_is_missing",
    "scored_or_asked",
    "written_or_asked",
]
