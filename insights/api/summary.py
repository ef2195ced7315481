"""The summary of a conversation: some of its messages, unchanged; or sentences of a language model, where one is configured."""

from collections.abc import Iterable
from uuid import NAMESPACE_URL, uuid5

from django.http import HttpRequest
from ninja import Field, Router, Schema

from insights import jobs, queries
from insights.abstractive import ModelTask, Statement
from insights.analysis.text.supported_languages import knows
from insights.api import auth
from insights.api.member_json import Person
from insights.api.paging import responses
from insights.jobs import LanguageProgress
from insights.language_model import NoLanguageModel
from insights.models import Conversation, Job
from insights.payloads import iso
from insights.queries import Groups

router = Router(tags=["Summary"])
_EXTRACTIVE = "this is the extractive summary, which consists of messages"


class MessageRef(Schema):
    """A message that a sentence or an action item was made from."""

    id: str


class SummaryOut(Schema):
    """One sentence of the summary."""

    id: str
    text: str
    messageRefs: list[MessageRef]


class DecisionOut(Schema):
    """A message that says what was decided."""

    text: str
    messageRefs: list[MessageRef]


class TaskOut(Schema):
    """An action item or a follow-up; `id` is the insight's."""

    id: str
    type: str
    text: str
    assignee: Person | None = None
    dueBy: str | None = None
    done: bool
    messageRefs: list[MessageRef]


class QuestionOut(Schema):
    """A question that nobody answered; `id` is the insight's."""

    id: str
    text: str
    messageRefs: list[MessageRef]


class SummaryTopic(Schema):
    """What the conversation is about."""

    text: str
    score: float
    messageRefs: list[MessageRef]


class SummaryList(Schema):
    """The sentences of the summary in the order of speech; empty while no message is suitable. The groups come with `grouped=true`."""

    summary: list[SummaryOut]
    decisions: list[DecisionOut] | None = Field(default=None, description="In the order of speech, at most 100.")
    tasks: list[TaskOut] | None = Field(default=None, description="Action items and follow-ups without rejected ones, at most 200.")
    questions: list[QuestionOut] | None = Field(default=None, description="The open ones of the last 200 questions.")
    topics: list[SummaryTopic] | None = Field(default=None, description="At most 12, strongest first.")
    jobId: str | None = Field(
        default=None, description="The last job of the language model, where one is configured: GET /v1/job/{id} has its progress."
    )
    warning: str | None = Field(default=None, description="Why this is not what the language model writes about all messages.")


@router.get("/v1/conversations/{conversation_id}/summary", response=responses(SummaryList), exclude_none=True, summary="Get the summary")
def read_summary(request: HttpRequest, conversation_id: str, refresh: bool = False, grouped: bool = False) -> SummaryList:
    """Return the sentences of the language model, or at most five messages that summarise the conversation.

    Where a language model is configured, a job writes the summary; until it has ended, and if it fails, the answer has messages of the
    conversation and a `warning`. `refresh` asks the language model again; without one the summary is always up to date. `grouped`
    adds decisions, tasks, open questions and topics.
    """
    conversation = auth.conversation(request, conversation_id)
    answer = _sentences(conversation, refresh)
    if grouped:
        _add_groups(answer, queries.groups_of(conversation))
    return answer


def _sentences(conversation: Conversation, refresh: bool) -> SummaryList:
    """Return the sentences of the language model, which is asked if needed, or those of the extractive summary."""
    try:
        progress = jobs.written_or_asked(conversation, ModelTask.SUMMARY, again=refresh)
    except NoLanguageModel:
        return SummaryList(summary=_extractive(conversation))
    except jobs.TooManyJobs as error:
        return SummaryList(summary=_extractive(conversation), warning=f"{error} Meanwhile {_EXTRACTIVE}.")
    job_id = None if progress.job is None else str(progress.job.id)
    if progress.written is None:
        return SummaryList(summary=_extractive(conversation), jobId=job_id, warning=_missing(progress.job))
    return SummaryList(summary=[_form(one) for one in progress.written.result], jobId=job_id, warning=_behind(progress))


def _add_groups(answer: SummaryList, groups: Groups) -> None:
    answer.decisions = [DecisionOut(text=one.text, messageRefs=_refs(one.message_ids)) for one in groups.decisions]
    answer.tasks = [
        TaskOut(
            id=one.insight_id,
            type=one.kind,
            text=one.text,
            assignee=Person(id=str(one.assignee_id) if one.assignee_id else None, name=one.assignee) if one.assignee else None,
            dueBy=iso(one.due_at) if one.due_at else None,
            done=one.done,
            messageRefs=_refs(one.message_ids),
        )
        for one in groups.tasks
    ]
    answer.questions = [QuestionOut(id=one.insight_id, text=one.text, messageRefs=_refs(one.message_ids)) for one in groups.questions]
    answer.topics = [SummaryTopic(text=one.text, score=one.score, messageRefs=_refs(one.message_ids)) for one in groups.topics]


def _refs(ids: Iterable[str]) -> list[MessageRef]:
    return [MessageRef(id=identity) for identity in ids]


def _extractive(conversation: Conversation) -> list[SummaryOut]:
    if not knows(conversation.language):
        return []
    chosen = queries.summary_of(conversation)
    return [SummaryOut(id=identity, text=text, messageRefs=[MessageRef(id=identity)]) for identity, text in chosen]


def _form(one: Statement) -> SummaryOut:
    identity = uuid5(NAMESPACE_URL, " ".join((*one.message_ids, one.text)))
    return SummaryOut(id=str(identity), text=one.text, messageRefs=[MessageRef(id=message) for message in one.message_ids])


def _missing(job: Job | None) -> str | None:
    """Return why there are no sentences of the language model."""
    if job is None:
        return None
    if job.status == Job.Status.FAILED:
        return f"The language model wrote no summary: {job.reason}. {_EXTRACTIVE.capitalize()}."
    return f"The language model has not written the summary yet; meanwhile {_EXTRACTIVE}."


def _behind(progress: LanguageProgress[object]) -> str | None:
    """Return how many messages the sentences are about, unless they are about all."""
    if progress.current or progress.written is None:
        return None
    reason = progress.job.reason if progress.job is not None and progress.job.status == Job.Status.FAILED else ""
    why = f" The language model wrote no newer one: {reason}." if reason else ""
    return f"This summary is about the first {progress.written.messages} messages.{why}"
