"""The calls that need a language model: intents, call score, and the state of both. Without a model they get 501."""

from collections.abc import Callable
from typing import Literal, TypeVar, cast
from uuid import NAMESPACE_URL, uuid5

from django.http import HttpRequest
from ninja import Router, Schema

from insights import jobs
from insights.abstractive import ModelTask, Statement
from insights.api import auth
from insights.api.errors import ApiError, LimitProblem, Problem
from insights.call_score import Score
from insights.jobs import LanguageProgress
from insights.language_model import NoLanguageModel
from insights.models import Conversation, Job

Result = TypeVar("Result")
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
    progress = _asked(request, conversation_id, "intents", lambda one: jobs.written_or_asked(one, ModelTask.INTENTS, again=refresh))
    return IntentList(intents=[_intent(one) for one in _ended(progress, "intents") or ()])


@router.get(_ROOT + "/callscore", response={200: CallScore, 502: Problem, **_PROBLEMS}, summary="Get the call score")
def read_call_score(request: HttpRequest, conversation_id: str, refresh: bool = False) -> CallScore:
    """Return the score of a call, 0 to 100. The first call starts a job and gets 404, as do later ones until it has ended.

    502 with the reason if the job failed; `refresh` starts it again. 501 without a language model.
    """
    score = _ended(_asked(request, conversation_id, "callscore", lambda one: jobs.scored_or_asked(one, again=refresh)), "callscore")
    if score is None:
        raise ApiError(404, "callscore: the conversation has no messages")
    return _call_score(score)


@router.get(_ROOT + "/callscore/status", response={200: JobStatus, **_PROBLEMS}, summary="Get the state of the call score")
def read_call_score_status(request: HttpRequest, conversation_id: str) -> JobStatus:
    """Return the state of the job that scores the call, which the call starts if needed. 501 without a language model."""
    return _status(_asked(request, conversation_id, "callscore", jobs.scored_or_asked), "callscore")


@router.get(_ROOT + "/lm-insights/status", response={200: JobStatus, **_PROBLEMS}, summary="Get the state of insights by a language model")
def read_language_insights_status(request: HttpRequest, conversation_id: str) -> JobStatus:
    """Return the state of the job that lists the intents, which the call starts if needed. 501 without a language model."""
    name = "lm-insights"
    return _status(_asked(request, conversation_id, name, lambda one: jobs.written_or_asked(one, ModelTask.INTENTS)), name)


def _asked(
    request: HttpRequest, conversation_id: str, name: str, ask: Callable[[Conversation], LanguageProgress[Result]]
) -> LanguageProgress[Result]:
    """Return the progress of a job. Raises 404 for an unknown conversation, 501 without a language model."""
    conversation = auth.conversation(request, conversation_id)
    try:
        return ask(conversation)
    except NoLanguageModel as error:
        raise ApiError(501, f"{name}: {error}") from None


def _ended(progress: LanguageProgress[Result], name: str) -> Result | None:
    """Return the result, None for a conversation without messages. Raises 502 if the job failed and 404 until it has ended."""
    if progress.written is not None:
        return progress.written.result
    if progress.job is None:
        return None
    if progress.job.status == Job.Status.FAILED:
        raise ApiError(502, f"{name}: {progress.job.reason}")
    raise ApiError(404, f"{name}: the language model has not answered yet; see the job {progress.job.id} and ask again")


def _status(progress: LanguageProgress[object], name: str) -> JobStatus:
    if progress.job is None:
        raise ApiError(404, f"{name}: no job was started, because the conversation has no messages")
    return JobStatus(
        jobId=str(progress.job.id), status=cast(Literal["scheduled", "in_progress", "completed", "failed"], progress.job.status)
    )


def _intent(one: Statement) -> Intent:
    identity = uuid5(NAMESPACE_URL, " ".join((*one.message_ids, one.text)))
    return Intent(id=str(identity), intent=one.text, messageIds=list(one.message_ids))


def _call_score(score: Score) -> CallScore:
    criteria = [
        Criterion(
            name=one.name,
            score=one.score,
            summary=one.summary,
            feedback=Feedback(positive=Remark(summary=one.positive), negative=Remark(summary=one.negative)),
        )
        for one in score.criteria
    ]
    return CallScore(score=score.score, summary=score.summary, criteria=criteria)
