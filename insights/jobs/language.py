"""Jobs of the language model: it reads a conversation and writes a summary, or the intents of the speakers."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from insights import queries, recorder
from insights.abstractive import BadAnswer, Task, statements
from insights.jobs.enqueue import enqueue
from insights.jobs.errors import Failed
from insights.jobs.handlers import handler
from insights.jobs.running import RunningJob
from insights.language_model import LanguageModelFailed, NoLanguageModel, complete, language_model
from insights.models import Conversation, Job
from insights.queries import Written

PAUSE = timedelta(seconds=60)
"""Time between two jobs of one kind for one conversation: a live conversation grows all the time, and a server that is away stays away."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What was written so far, and the last job for it; `current`: it is about all messages."""

    written: Written | None
    job: Job | None
    current: bool


def written_or_asked(conversation: Conversation, task: Task, *, again: bool = False) -> Progress:
    """Return what the language model wrote about a conversation; enqueue a job if there are newer messages.

    `again`: ask even if there are none, and at once if the last job failed. Raises TooManyJobs and NoLanguageModel.
    """
    language_model()
    written = queries.written_about(conversation, task)
    current = written is not None and written.messages == conversation.message_count
    job = Job.objects.filter(conversation=conversation, kind=task).order_by("-created_at", "-id").first()
    if conversation.message_count and (again or not current) and _may_ask(job, again):
        job = enqueue(task, conversation.owner_id, {}, conversation_id=conversation.id)
    return Progress(written, job, current)


def _may_ask(last: Job | None, again: bool) -> bool:
    if last is None:
        return True
    if last.finished_at is None:
        return False
    return (again and last.status == Job.Status.FAILED) or last.finished_at < timezone.now() - PAUSE


@handler(Task.SUMMARY)
def summarise(job: RunningJob) -> None:
    """Write and store the summary of a conversation."""
    _write(job, Task.SUMMARY)


@handler(Task.INTENTS)
def list_intents(job: RunningJob) -> None:
    """Write and store the intents of the speakers."""
    _write(job, Task.INTENTS)


def _write(job: RunningJob, task: Task) -> None:
    conversation = None if job.conversation_id is None else Conversation.objects.filter(pk=job.conversation_id).first()
    if conversation is None:
        raise Failed("the conversation is gone")
    try:
        model = language_model()
        found = statements(queries.lines_of(conversation), task, lambda wanted, text: complete(model, wanted, text), job.progress)
    except NoLanguageModel as error:
        raise Failed(f"{task}: {error}") from None
    except (LanguageModelFailed, BadAnswer) as error:
        raise Failed(str(error)) from None
    if not recorder.store_language_result(
        conversation.id, task, found, messages=conversation.message_count, event=conversation.last_event, confirm=job.confirm
    ):
        raise Failed("messages were edited while the language model wrote; ask again")
