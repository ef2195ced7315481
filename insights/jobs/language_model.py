"""Jobs of the language model: it reads a conversation and writes a summary, the intents of the speakers, or the score of the call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from django.utils import timezone

from insights import queries, recorder
from insights.abstractive import Ask, BadAnswer, ModelTask, SpokenLine, Statement, statements
from insights.call_score import CALL_SCORE, Score, call_score
from insights.jobs.enqueue import enqueue
from insights.jobs.errors import Failed
from insights.jobs.handlers import handler
from insights.jobs.running import RunningJob
from insights.language_model import LanguageModelFailed, NoLanguageModel, complete, language_model
from insights.models import Conversation, Job
from insights.queries import Written

PAUSE = timedelta(seconds=60)
"""Time between two jobs of one kind for one conversation: a live conversation grows all the time, and an unreachable server stays so."""
Result = TypeVar("Result", covariant=True)
_Reader = Callable[[Sequence[SpokenLine], Ask, Callable[[float], None]], list[Statement] | Score]
"""Makes the result from the lines of a conversation; it asks the model and notes its progress."""


@dataclass(frozen=True, slots=True)
class LanguageProgress(Generic[Result]):
    """What was written so far, and the last job for it; `current`: it is about all messages."""

    written: Written[Result] | None
    job: Job | None
    current: bool


def written_or_asked(conversation: Conversation, task: ModelTask, *, again: bool = False) -> LanguageProgress[tuple[Statement, ...]]:
    """Return what the language model wrote about a conversation; enqueue a job if there are newer messages.

    `again`: ask even if there are none, and at once if the last job failed. Raises TooManyJobs and NoLanguageModel.
    """
    return _progress(conversation, task, again, lambda: queries.written_about(conversation, task))


def scored_or_asked(conversation: Conversation, *, again: bool = False) -> LanguageProgress[Score]:
    """Return the call score, as `written_or_asked`."""
    return _progress(conversation, CALL_SCORE, again, lambda: queries.score_of(conversation))


def score_after_import(conversation_id: int) -> None:
    """Enqueue a job that scores a call, unless one waits that will include what was imported. Raises TooManyJobs and NoLanguageModel."""
    language_model()
    conversation = Conversation.objects.filter(pk=conversation_id, message_count__gt=0).first()
    if conversation is None or Job.objects.filter(conversation=conversation, kind=CALL_SCORE, status=Job.Status.SCHEDULED).exists():
        return
    enqueue(CALL_SCORE, conversation.owner_id, {}, conversation_id=conversation.id)


def _progress(conversation: Conversation, kind: str, again: bool, read: Callable[[], Written[Result] | None]) -> LanguageProgress[Result]:
    language_model()
    written = read()
    current = written is not None and written.messages == conversation.message_count
    job = Job.objects.filter(conversation=conversation, kind=kind).order_by("-created_at", "-id").first()
    if conversation.message_count and (again or not current) and _may_ask(job, again):
        job = enqueue(kind, conversation.owner_id, {}, conversation_id=conversation.id)
    return LanguageProgress(written, job, current)


def _may_ask(last: Job | None, again: bool) -> bool:
    if last is None:
        return True
    if last.finished_at is None:
        return False
    return (again and last.status == Job.Status.FAILED) or last.finished_at < timezone.now() - PAUSE


@handler(ModelTask.SUMMARY)
def summarise(job: RunningJob) -> None:
    """Write and store the summary of a conversation."""
    _write(job, lambda lines, ask, progress: statements(lines, ModelTask.SUMMARY, ask, progress))


@handler(ModelTask.INTENTS)
def list_intents(job: RunningJob) -> None:
    """Write and store the intents of the speakers."""
    _write(job, lambda lines, ask, progress: statements(lines, ModelTask.INTENTS, ask, progress))


@handler(CALL_SCORE)
def score_call(job: RunningJob) -> None:
    """Write and store the score of a call."""
    _write(job, call_score)


def _write(job: RunningJob, read: _Reader) -> None:
    conversation = None if job.conversation_id is None else Conversation.objects.filter(pk=job.conversation_id).first()
    if conversation is None:
        raise Failed("the conversation is gone")
    try:
        model = language_model()
        found = read(queries.lines_of(conversation), lambda wanted, text: complete(model, wanted, text), job.progress)
    except NoLanguageModel as error:
        raise Failed(f"{job.kind}: {error}") from None
    except (LanguageModelFailed, BadAnswer) as error:
        raise Failed(str(error)) from None
    if not recorder.store_language_result(
        conversation.id, job.kind, found, messages=conversation.message_count, event=conversation.last_event, confirm=job.confirm
    ):
        raise Failed("messages were edited while the language model wrote; ask again")
