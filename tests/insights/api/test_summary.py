"""GET summary."""

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from insights import jobs, recorder
from insights.database import connection_closed_after
from insights.models import Conversation, Insight, Job, LanguageResult, Message
from insights.payloads import iso
from tests.insights.api.conftest import Api
from tests.insights.conftest import Say
from tests.insights.language_server import language_server, sentences


def test_the_summary_consists_of_messages(api: Api, say: Say) -> None:
    """The summary has unchanged messages in the order of speech, each with its message id."""
    said = ["The heat pump of the school makes too much noise.", "Okay.", "We replace the heat pump of the school in summer."]
    for text in said:
        say(text)
    summary = api.read("/summary", refresh="true")["summary"]
    texts = [one["text"] for one in summary]
    assert {said[0], said[2]} <= set(texts)
    assert "Okay." not in texts
    assert all(one["messageRefs"] == [{"id": one["id"]}] for one in summary)
    ids = [message["id"] for message in api.read("/messages")["messages"]]
    assert api.read("/experiences")["summary"] == summary, "Symbl's Go SDK requests the summary there"
    assert [one["id"] for one in summary] == [identity for identity in ids if identity in {one["id"] for one in summary}]


def test_an_unsupported_language_has_an_empty_summary(api: Api) -> None:
    """No sentence is chosen in a language without lists of stop words and fillers."""
    Conversation.objects.update(language="es-ES")
    assert api.read("/summary") == {"summary": []}


def _speak(say: Say) -> list[str]:
    """Say two sentences; return the ids of all messages."""
    say("We replace the heat pump of the school in summer.")
    say("The heat pump costs nine thousand francs.")
    return [str(identity) for identity in Message.objects.order_by("number").values_list("id", flat=True)]


@pytest.mark.django_db(transaction=True)
def test_a_language_model_writes_the_summary(api: Api, say: Say, settings: Any) -> None:
    """Until its job has ended, messages are served with a warning; afterwards its sentences, each with the messages that it rests on."""
    ids = _speak(say)

    def reply(request: dict[str, Any]) -> str:
        lines = request["messages"][1]["content"].splitlines()
        number = next(at for at, line in enumerate(lines, 1) if "nine thousand" in line)
        return sentences(("The heat pump is replaced for 9,000 francs.", [number]), ("The moon is made of cheese.", [number]))

    with language_server(settings, reply) as server:
        first = api.read("/summary")
        assert "not written the summary yet" in first["warning"]
        assert {one["id"] for one in first["summary"]} <= set(ids)
        assert api.read("/summary")["jobId"] == first["jobId"]
        jobs.run_waiting()
        second = api.read("/summary")
        assert len(server.requests) == 1
    assert "warning" not in second
    (sentence,) = second["summary"]
    assert sentence["text"] == "The heat pump is replaced for 9,000 francs."
    assert sentence["messageRefs"] == [{"id": ids[-1]}]
    assert Job.objects.get(pk=second["jobId"]).progress == 1.0
    say("The school is in Berne.")
    assert f"first {len(ids)} messages" in api.read("/summary")["warning"]
    assert Job.objects.count() == 1  # the next job waits a minute


@pytest.mark.django_db(transaction=True)
def test_an_edit_removes_what_the_language_model_wrote(api: Api, say: Say, settings: Any) -> None:
    """The text may repeat words that are gone."""
    ids = _speak(say)
    with language_server(settings, lambda request: sentences(("The heat pump costs money.", [len(ids)]))):
        api.read("/summary")
        jobs.run_waiting()
        assert LanguageResult.objects.count() == 1
        recorder.correct_message(UUID(ids[-1]), "The boiler is cheap.", Conversation.objects.get().owner_id)
        assert LanguageResult.objects.count() == 0
        assert "heat pump costs" not in str(api.read("/summary"))


@pytest.mark.django_db(transaction=True)
def test_an_edit_while_the_language_model_writes(api: Api, say: Say, settings: Any) -> None:
    """What was written about the earlier wording is not stored."""
    ids = _speak(say)
    owner_id = Conversation.objects.get().owner_id

    def reply(request: dict[str, Any]) -> str:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(connection_closed_after(recorder.correct_message), UUID(ids[-1]), "The boiler is cheap.", owner_id).result()
        return sentences(("The heat pump costs money.", [len(ids)]))

    with language_server(settings, reply):
        api.read("/summary")
        jobs.run_waiting()
        assert "edited while" in api.read("/summary")["warning"]
    assert LanguageResult.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_language_model_that_is_away(api: Api, say: Say, settings: Any) -> None:
    """Messages are served with the reason; `refresh` asks again at once."""
    _speak(say)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.LLM_URL, settings.LLM_MODEL = f"http://127.0.0.1:{closed.getsockname()[1]}", "m"
        api.read("/summary")
        jobs.run_waiting()
        answer = api.read("/summary")
        assert "does not answer; see LLM_URL" in answer["warning"]
        assert answer["summary"]
        assert Job.objects.get().status == "failed"
        assert api.read("/summary", refresh="true")["jobId"] != answer["jobId"]


def test_the_summary_in_groups(api: Api, say: Say) -> None:
    """`grouped` adds decisions, tasks, open questions and topics, each with its messages; without it the answer is Symbl's."""
    ids = _speak(say)
    say("We decided to replace the heat pump of the school.")
    say("Who calls the supplier of the heat pump?")
    decision, asked = Message.objects.order_by("-number")[1], Message.objects.order_by("-number")[0]
    Insight.objects.all().delete()
    first = Message.objects.get(pk=ids[0])
    columns = {"conversation_id": first.conversation_id, "confidence": 0.9}
    task = Insight.objects.create(
        message=first, type="action_item", text="Replace it", assignee_name="Ben", due_at=first.started_at, **columns
    )
    question = Insight.objects.create(message=asked, type="question", text=asked.text, **columns)
    found = api.read("/summary", grouped="true")
    assert found["decisions"] == [{"text": decision.text, "messageRefs": [{"id": str(decision.id)}]}]
    assert found["tasks"] == [
        {
            "id": str(task.id),
            "type": "action_item",
            "text": "Replace it",
            "assignee": {"name": "Ben"},
            "dueBy": iso(first.started_at),
            "done": False,
            "messageRefs": [{"id": ids[0]}],
        }
    ]
    assert found["questions"] == [{"id": str(question.id), "text": asked.text, "messageRefs": [{"id": str(asked.id)}]}]
    assert any("pump" in topic["text"] and {"id": ids[-1]} in topic["messageRefs"] for topic in found["topics"])
    assert set(api.read("/summary")) == {"summary"}
