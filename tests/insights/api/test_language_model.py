"""The calls that need a language model."""

from typing import Any

import pytest

from insights import jobs
from insights.call_score import CRITERIA
from insights.language_model import LanguageModel, NoLanguageModel, language_model
from tests.insights.api.conftest import Api
from tests.insights.language_server import language_server, scores, sentences


@pytest.mark.parametrize("path", ["/intents", "/callscore", "/callscore/status", "/lm-insights/status"])
def test_without_a_model_they_say_what_is_missing(api: Api, path: str) -> None:
    """The owner gets 501 that names the settings; an unknown conversation stays 404."""
    answer = api.get(path)
    assert answer.status_code == 501
    assert answer.json()["message"].endswith("needs a language model, and none is configured; set LLM_URL and LLM_MODEL on the server")
    assert Api(api.token, 10**15).get(path).status_code == 404


def test_the_configured_model(settings: Any) -> None:
    """The settings name the model; without a URL there is none."""
    settings.LLM_URL, settings.LLM_MODEL, settings.LLM_KEY = "http://127.0.0.1:9/v1/", "small", "secret"
    assert language_model() == LanguageModel("http://127.0.0.1:9/v1", "small", "secret")
    settings.LLM_URL = ""
    with pytest.raises(NoLanguageModel):
        language_model()


@pytest.mark.django_db(transaction=True)
def test_intents(api: Api, settings: Any) -> None:
    """404 until the job has ended, then the intents with their messages; lm-insights has the state of the job."""
    reply = sentences(("Get the budget report", [1, 2]))
    with language_server(settings, lambda request: reply):
        early = api.get("/intents")
        assert early.status_code == 404
        state = api.read("/lm-insights/status")
        assert state["status"] == "scheduled"
        assert state["jobId"] in early.json()["message"]
        jobs.run_waiting()
        assert api.read("/lm-insights/status") == {"jobId": state["jobId"], "status": "completed"}
        (intent,) = api.read("/intents")["intents"]
    ids = [message["id"] for message in api.read("/messages")["messages"]]
    assert intent["intent"] == "Get the budget report"
    assert intent["messageIds"] == ids[:2]


@pytest.mark.django_db(transaction=True)
def test_intents_that_fail(api: Api, settings: Any) -> None:
    """502 with the reason."""
    with language_server(settings, lambda request: "I am sorry."):
        api.get("/intents")
        jobs.run_waiting()
        answer = api.get("/intents")
    assert answer.status_code == 502
    assert "JSON" in answer.json()["message"]


@pytest.mark.django_db(transaction=True)
def test_the_call_score(api: Api, settings: Any) -> None:
    """404 until the job has ended, then the score with its criteria; the status has the state of the job; a new message starts another."""
    with language_server(settings, lambda request: scores(81)):
        assert api.get("/callscore").status_code == 404
        state = api.read("/callscore/status")
        assert state["status"] == "scheduled"
        jobs.run_waiting()
        assert api.read("/callscore/status") == {"jobId": state["jobId"], "status": "completed"}
        found = api.read("/callscore")
    assert (found["score"], found["summary"]) == (81, "The price was named.")
    assert [one["name"] for one in found["criteria"]] == list(CRITERIA)
    assert found["criteria"][1]["feedback"] == {
        "positive": {"summary": "Answers came at once."},
        "negative": {"summary": "No next step was agreed."},
    }


@pytest.mark.django_db(transaction=True)
def test_a_call_score_that_fails(api: Api, settings: Any) -> None:
    """502 with the reason; `refresh` asks again."""
    replies = ["I am sorry.", scores(50)]
    with language_server(settings, lambda request: replies.pop(0)):
        api.get("/callscore")
        jobs.run_waiting()
        answer = api.get("/callscore")
        assert api.get("/callscore", refresh="true").status_code == 404
        jobs.run_waiting()
        assert api.read("/callscore")["score"] == 50
    assert answer.status_code == 502
    assert "JSON" in answer.json()["message"]


@pytest.mark.django_db(transaction=True)
def test_an_edit_removes_the_call_score(api: Api, settings: Any) -> None:
    """A score of words that were corrected since is not shown."""
    with language_server(settings, lambda request: scores(81)):
        api.get("/callscore")
        jobs.run_waiting()
        message = api.read("/messages")["messages"][0]["id"]
        api.send("PATCH", f"/messages/{message}", {"text": "Is the plan ready?"})
        assert api.get("/callscore").status_code == 404
