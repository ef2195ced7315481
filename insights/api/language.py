"""The calls that need a language model: intents, call score, and the state of both. Without a model they get 501."""

from typing import Never

from django.http import HttpRequest
from ninja import Router, Schema

from insights.api import auth
from insights.api.errors import ApiError, Problem
from insights.api.paging import refuse_redaction
from insights.language_model import NoLanguageModel, language_model

router = Router(tags=["Language model"])
_ROOT = "/v1/conversations/{conversation_id}"
_PROBLEMS = dict.fromkeys((400, 401, 404, 501), Problem)


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
    status: str


@router.get(_ROOT + "/intents", response={200: IntentList, **_PROBLEMS}, summary="List intents")
def list_intents(request: HttpRequest, conversation_id: str) -> IntentList:
    """Return what the speakers wanted. 501 without a language model."""
    _refuse(request, conversation_id, "intents")


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
    """Return whether the insights by a language model are computed. 501 without a language model."""
    _refuse(request, conversation_id, "lm-insights")


def _refuse(request: HttpRequest, conversation_id: str, name: str) -> Never:
    """Raise 404 for an unknown conversation, else 501 with what is missing."""
    refuse_redaction(request)
    auth.conversation(request, conversation_id)
    try:
        language_model()
    except NoLanguageModel as error:
        raise ApiError(501, f"{name}: {error}") from None
    raise ApiError(501, f"{name}: is not made by this version, although a language model is configured")
