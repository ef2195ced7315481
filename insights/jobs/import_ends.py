"""What is done when an import has ended, well or not, or its conversation was deleted.

No file is kept, no conversation stays open, and the call is scored if the import asked for it.
"""

import logging
from typing import Any

from insights import recorder
from insights.imports import waiting_files
from insights.imports.import_options import ImportSource
from insights.jobs.errors import TooManyJobs
from insights.jobs.language_model import score_after_import
from insights.jobs.signals import status_changed, status_stored
from insights.language_model import NoLanguageModel
from insights.models import Job
from insights.recorder.signals import conversation_deleted

logger = logging.getLogger(__name__)

KINDS = ("import_text", "import_audio")


def connect() -> None:
    """Connect to the signals of jobs; call once in each process."""
    status_stored.connect(_end_conversation, dispatch_uid="insights.jobs.import_ends")
    status_stored.connect(_score, dispatch_uid="insights.jobs.import_ends.score")
    status_changed.connect(_remove_file, dispatch_uid="insights.jobs.import_ends")
    conversation_deleted.connect(_remove_files, dispatch_uid="insights.jobs.import_ends")


def _end_conversation(job: Job, **signal: Any) -> None:
    """End the conversation of a failed import, in the transaction of the failure; an import that goes well has ended it."""
    if job.kind in KINDS and job.status == Job.Status.FAILED and job.conversation_id is not None:
        try:
            recorder.end_import(job.conversation_id)
        except recorder.UnknownConversation:
            logger.debug("the conversation of import %s was deleted meanwhile", job.id)


def _score(job: Job, **signal: Any) -> None:
    """Enqueue the job of the call score in the transaction in which the import ends; if that is impossible, the import warns."""
    if job.kind not in KINDS or job.status != Job.Status.COMPLETED or job.conversation_id is None:
        return
    if not ImportSource.parse(job.parameters).options.call_score:
        return
    try:
        score_after_import(job.conversation_id)
    except (NoLanguageModel, TooManyJobs) as error:
        job.warnings = [*job.warnings, f"features: callScore was not computed: {error}"]
        job.save(update_fields=["warnings"])


def _remove_file(job: Job, **signal: Any) -> None:
    if job.kind in KINDS and job.finished and (name := ImportSource.parse(job.parameters).file):
        waiting_files.path_of(name).unlink(missing_ok=True)


def _remove_files(conversation_id: int, **signal: Any) -> None:
    """Remove the files of a deleted conversation, whose jobs are deleted with it."""
    waiting_files.remove_of_conversation(conversation_id)
