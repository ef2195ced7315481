"""The calls that need a language model: intents, call score, and the state of both. Without a model they get 501."""

from typing import Literal, Never, cast
from uuid import NAMESPACE_URL, uuid5

from django.http import HttpRequest
from ninja import Router, Schema

from insights import jobs
from insights.abstractive import Task
from insights.api import auth
from insights.api.errors import ApiError, LimitProblem, Problem
from insights.api.paging import refuse_redaction
from insights.jobs import Progress
from insights.language_model import NoLanguageModel, language_model
from insights.models import Job

router = Router(tags=["Language model"])
_ROOT = "/v1/conversations/{conversation_id}"
_PROBLEMS: dict[int, type[Problem]] = {**dict.fromkeys((400, 401, 404, 501), Problem), 429: LimitProblem}


class Intent(Schema):
    """What a speaker wanted, with the messages that say so."""

    id: str
    intent: str
    messageIds: list[str]


class IntentList(Schema):
    """Intents in order."""

    intents: list[Intent]


class Remark(Schema):
    """A remark about a call."""

    summary: str


class Feedback(Schema):
    """What was good and what was not."""

    positive: Remark
    negative: Remark


class Criterion(Schema):
    """The score of one criterion."""

    name: str
    score: float
    summary: str
    feedback: Feedback


class CallScore(Schema):
    """The score of a call."""

    score: float
    summary: str
    criteria: list[Criterion]


class JobStatus(Schema):
    """The state of a computation: scheduled, in_progress, completed or failed."""

    jobId: str
    status: Literal["scheduled", "in_progress", "completed", "failed"]


@router.get(_ROOT + "/intents", response={200: IntentList, 502: Problem, **_PROBLEMS}, summary="List intents")
def list_intents(request: HttpRequest, conversation_id: str, refresh: bool = False) -> IntentList:
    """Return what the speakers wanted. The first call starts a job and gets 404, as do later ones until it has ended.

    502 with the reason if the job failed; `refresh` starts it again. 501 without a language model.
    """
    progress = _intents(request, conversation_id, "intents", refresh)
    if progress.written is not None:
        return IntentList(
            intents=[
                Intent(
                    id=str(uuid5(NAMESPACE_URL, " ".join((*one.message_ids, one.text)))), intent=one.text, messageIds=list(one.message_ids)
                )
                for one in progress.written.statements
            ]
        )
    if progress.job is None:  # there are no messages
        return IntentList(intents=[])
    if progress.job.status == Job.Status.FAILED:
        raise ApiError(502, f"intents: {progress.job.reason}")
    raise ApiError(404, f"intents: the language model has not listed them yet; see the job {progress.job.id} and ask again")


@router.get(_ROOT + "/callscore", response={200: CallScore, **_PROBLEMS}, summary="Get the call score")
def read_call_score(request: HttpRequest, conversation_id: str) -> CallScore:
    """Return the score of a call. 501 without a language model."""
    _refuse(request, conversation_id, "callscore")


@router.get(_ROOT + "/callscore/status", response={200: JobStatus, **_PROBLEMS}, summary="Get the state of the call score")
def read_call_score_status(request: HttpRequest, conversation_id: str) -> JobStatus:
    """Return whether the score of a call is computed. 501 without a language model."""
    _refuse(request, conversation_id, "callscore")


@router.get(_ROOT + "/lm-insights/status", response={200: JobStatus, **_PROBLEMS}, summary="Get the state of insights by a language model")
def read_language_insights_status(request: HttpRequest, conversation_id: str) -> JobStatus:
    """Return the state of the job that lists the intents, which the call starts if needed. 501 without a language model."""
    progress = _intents(request, conversation_id, "lm-insights", False)
    if progress.job is None:
        raise ApiError(404, "lm-insights: no job was started, because the conversation has no messages")
    return JobStatus(
        jobId=str(progress.job.id), status=cast(Literal["scheduled", "in_progress", "completed", "failed"], progress.job.status)
    )


def _intents(request: HttpRequest, conversation_id: str, name: str, again: bool) -> Progress:
    """Return the progress of the intents. Raises 404 for an unknown conversation, 501 without a language model."""
    refuse_redaction(request)
    conversation = auth.conversation(request, conversation_id)
    try:
        return jobs.written_or_asked(conversation, Task.INTENTS, again=again)
    except NoLanguageModel as error:
        raise ApiError(501, f"{name}: {error}") from None


def _refuse(request: HttpRequest, conversation_id: str, name: str) -> Never:
    """Raise 404 for an unknown conversation, else 501 with what is missing."""
    refuse_redaction(request)
    auth.conversation(request, conversation_id)
    try:
        language_model()
    except NoLanguageModel as error:
        raise ApiError(501, f"{name}: {error}") from None
    raise ApiError(501, f"{name}: is not made by this version, although a language model is configured")
