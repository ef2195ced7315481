"""The minutes of a conversation."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from insights import queries, recorder
from insights.models import Conversation, Insight, LanguageResult, Message, Topic, TopicReference
from insights.recorder import Joined
from tests.insights.conftest import Say

TALK = (
    "The heat pump of the school makes too much noise.",
    "We decided to replace the heat pump of the school in summer.",
    "Okay.",
    "The new heat pump costs nine thousand francs.",
)


def _talk(say: Say, *texts: str) -> list[str]:
    for text in texts:
        say(text)
    return [str(identity) for identity in Message.objects.order_by("number").values_list("id", flat=True)]


def _insight(number: int, kind: str, **fields: Any) -> Insight:
    message = Message.objects.get(number=number)
    return Insight.objects.create(
        conversation_id=message.conversation_id, message=message, type=kind, text=message.text, confidence=0.9, **fields
    )


def test_minutes_name_their_messages(joined: Joined, say: Say) -> None:
    """Every part names the messages that it rests on."""
    ids = _talk(say, *TALK)
    Insight.objects.all().delete()
    Topic.objects.all().delete()
    due = datetime(2026, 3, 6, 17, tzinfo=UTC)
    task = _insight(4, "action_item", assignee_name="Ben", due_at=due)
    _insight(1, "action_item", review="rejected", reviewed_at=due)
    topic = Topic.objects.create(conversation_id=joined.conversation_id, text="heat pump", score=1.0)
    TopicReference.objects.create(topic=topic, message_id=ids[0])
    found = queries.minutes_of(Conversation.objects.get())
    assert [one.message_ids for one in found.decisions] == [(ids[1],)]
    assert {TALK[0], TALK[1]} <= {one.text for one in found.summary}
    assert all(len(one.message_ids) == 1 for one in found.summary)
    (item,) = found.tasks
    assert (item.insight_id, item.text, item.assignee, item.due_at, item.done) == (str(task.id), TALK[3], "Ben", due, False)
    assert item.message_ids == (ids[3],)
    assert [(one.text, one.message_ids) for one in found.topics] == [("heat pump", (ids[0],))]
    assert not found.abstractive
    assert found.summarised == len(ids)


def test_questions_without_an_answer(joined: Joined, say: Say) -> None:
    """A question with an answer, a rejected one and one that was marked as done are left out."""
    _talk(say, "When does the supplier deliver the batteries?", "On Friday in the morning.", "Who talks to the supplier of the screws?")
    Insight.objects.all().delete()
    _insight(1, "question")
    last = _insight(3, "question")
    assert [one.insight_id for one in queries.minutes_of(Conversation.objects.get()).questions] == [str(last.id)]
    Insight.objects.filter(pk=last.pk).update(done_at=datetime(2026, 3, 6, tzinfo=UTC))
    assert queries.minutes_of(Conversation.objects.get()).questions == ()


def test_a_correction_changes_the_decisions(joined: Joined, say: Say, owner: User) -> None:
    """Decisions follow the wording of the messages."""
    _talk(say, *TALK)
    assert len(queries.minutes_of(Conversation.objects.get()).decisions) == 1
    recorder.correct_message(Message.objects.get(number=2).pk, "The heat pump was loud all summer.", owner.pk)
    assert queries.minutes_of(Conversation.objects.get()).decisions == ()


def test_the_language_model_writes_the_summary(joined: Joined, say: Say, settings: Any) -> None:
    """Its sentences are used as long as a model is configured."""
    ids = _talk(say, *TALK)
    row = Conversation.objects.get()
    LanguageResult.objects.create(
        conversation=row,
        kind="summary",
        value=[{"text": "The pump is replaced.", "messageIds": [ids[1]]}],
        messages=len(ids),
        created_at=row.started_at,
    )
    assert not queries.minutes_of(row).abstractive
    settings.LLM_URL, settings.LLM_MODEL = "http://127.0.0.1:9", "m"
    found = queries.minutes_of(row)
    assert found.abstractive
    assert [(one.text, one.message_ids) for one in found.summary] == [("The pump is replaced.", (ids[1],))]


def test_another_language(joined: Joined, say: Say) -> None:
    """Without word lists of the language there are no summary and no decisions."""
    _talk(say, *TALK)
    Conversation.objects.update(language="es-ES")
    found = queries.minutes_of(Conversation.objects.get())
    assert (found.summary, found.decisions) == ((), ())


@pytest.mark.parametrize("count", [1, 30])
def test_the_number_of_queries_is_fixed(joined: Joined, say: Say, count: int) -> None:
    """It does not grow with the conversation."""
    _talk(say, *(f"Who carries box {number} to the cellar of the school?" for number in range(count)))
    Insight.objects.all().delete()
    for number in range(1, count + 1):
        _insight(number, "question")
        _insight(number, "action_item")
    row = Conversation.objects.get()
    with CaptureQueriesContext(
        connection,
    ) as seen:
        queries.minutes_of(row)
    assert len(seen) <= 12
