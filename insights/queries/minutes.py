"""The minutes of a conversation: summary, decisions, tasks, open questions and topics, each with the messages that it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from insights.abstractive import ModelTask as LanguageTask
from insights.analysis.answers import LOOKED_AT, SpokenText, stays_open
from insights.analysis.text.supported_languages import knows
from insights.insight_kinds import KindName, question_kinds, task_kinds
from insights.language_model import has_language_model
from insights.models import Conversation, Insight, Message
from insights.queries.batches import references_in_batches
from insights.queries.contents import insights_of, topics_of
from insights.queries.derived import decisions_of, summary_of
from insights.queries.language_model import written_about

MOST_TASKS = 200
MOST_QUESTIONS = 200
"""Latest questions that are looked at; few of them stay open."""
MOST_TOPICS = 12


@dataclass(frozen=True, slots=True)
class MinutesSentence:
    """A sentence of the summary, or a decision."""

    text: str
    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TaskItem:
    """An action item or a follow-up that was not rejected. `assignee`: a name; empty if unknown."""

    insight_id: str
    kind: KindName
    text: str
    assignee: str
    assignee_id: UUID | None
    due_at: datetime | None
    done: bool
    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question without an answer."""

    insight_id: str
    text: str
    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MinutesTopic:
    """A topic with its messages."""

    text: str
    score: float
    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """What was found besides the summary, in the order of the conversation; the topics strongest first."""

    decisions: tuple[MinutesSentence, ...]
    tasks: tuple[TaskItem, ...]
    questions: tuple[OpenQuestion, ...]
    topics: tuple[MinutesTopic, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes(Groups):
    """The groups with the summary. `abstractive`: the configured language model wrote it, about the first `summarised` messages."""

    summary: tuple[MinutesSentence, ...]
    abstractive: bool
    summarised: int


def minutes_of(conversation: Conversation) -> Minutes:
    """Return the minutes. What a language model wrote is used as long as one is configured; it is not asked.

    Summary and decisions are empty in a language that the analysis does not know. The number of queries is fixed.
    """
    written = written_about(conversation, LanguageTask.SUMMARY) if has_language_model() else None
    if written is not None:
        summary = [MinutesSentence(one.text, one.message_ids) for one in written.result]
    else:
        chosen = summary_of(conversation) if knows(conversation.language) else []
        summary = [MinutesSentence(text, (identity,)) for identity, text in chosen]
    groups = groups_of(conversation)
    return Minutes(
        summary=tuple(summary),
        decisions=groups.decisions,
        tasks=groups.tasks,
        questions=groups.questions,
        topics=groups.topics,
        abstractive=written is not None,
        summarised=written.messages if written is not None else conversation.message_count,
    )


def groups_of(conversation: Conversation) -> Groups:
    """Return the minutes without the summary."""
    decided = decisions_of(conversation) if knows(conversation.language) else []
    return Groups(
        decisions=tuple(MinutesSentence(text, (identity,)) for identity, text in decided),
        tasks=_tasks(conversation),
        questions=_questions(conversation),
        topics=_topics(conversation),
    )


def _tasks(conversation: Conversation) -> tuple[TaskItem, ...]:
    kept = insights_of(conversation, *task_kinds()).exclude(review=Insight.Review.REJECTED)
    return tuple(
        TaskItem(
            insight_id=str(row.id),
            kind=KindName(row.type),
            text=row.text,
            assignee=str(row.assignee) if row.assignee is not None else row.assignee_name,
            assignee_id=row.assignee_id,
            due_at=row.due_at,
            done=row.done_at is not None,
            message_ids=(str(row.message_id),),
        )
        for row in kept[:MOST_TASKS]
    )


def _questions(conversation: Conversation) -> tuple[OpenQuestion, ...]:
    """Return the open ones of the latest questions, which nobody rejected or marked as done."""
    kept = insights_of(conversation, *question_kinds()).exclude(review=Insight.Review.REJECTED).filter(done_at=None)
    asked = list(reversed(kept.reverse()[:MOST_QUESTIONS]))
    said = _said_around(conversation, [row.message.number for row in asked])
    one_speaker = conversation.speakers.count() == 1
    return tuple(
        OpenQuestion(str(row.id), row.text, (str(row.message_id),))
        for row in asked
        if stays_open(
            SpokenText(said[row.message.number].speaker, row.text),
            [said[number] for number in range(row.message.number + 1, row.message.number + 1 + LOOKED_AT) if number in said],
            one_speaker=one_speaker,
        )
    )


def _said_around(conversation: Conversation, numbers: Sequence[int]) -> dict[int, SpokenText]:
    """Return the messages with these numbers, and those that may answer them, by number."""
    wanted = {number + step for number in numbers for step in range(LOOKED_AT + 1)}
    rows = Message.objects.filter(conversation=conversation, number__in=wanted).order_by()
    return {number: SpokenText(speaker, text) for number, speaker, text in rows.values_list("number", "speaker__number", "text")}


def _topics(conversation: Conversation) -> tuple[MinutesTopic, ...]:
    leading = list(topics_of(conversation).prefetch_related(None)[:MOST_TOPICS])
    found: dict[int, list[str]] = {at: [] for at in range(len(leading))}
    places = {topic.pk: at for at, topic in enumerate(leading)}
    for topic, ids, _ in references_in_batches(leading):
        found[places[topic.pk]] += ids
    return tuple(MinutesTopic(topic.text, topic.score, tuple(found[at])) for at, topic in enumerate(leading))
