"""POST /v1/conversations/{id}/transcript."""

import json
from base64 import b64decode
from io import BytesIO

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from docx import Document

from insights.models import Insight, Message, Speaker
from insights.queries import spoken
from tests.insights.api.conftest import Api, token_of

SAID = ["Is the budget ready?", "Ada will send the budget report tomorrow.", "That is good.", "Or maybe we meet.", "Zoe will call."]
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def made(api: Api, content_type: str = "text/markdown", query: str = "", **options: object):  # type: ignore[no-untyped-def]
    """Return the response to a request for a transcript."""
    body = json.dumps({"contentType": content_type, **options})
    headers = {"Authorization": f"Bearer {api.token}"}
    return api.client.post(f"{api.root}/transcript{query}", body, content_type="application/json", headers=headers)


def transcript(api: Api, content_type: str = "text/markdown", query: str = "", **options: object):  # type: ignore[no-untyped-def]
    """Return the transcript of a successful response without warnings."""
    answer = made(api, content_type, query, **options)
    assert answer.status_code == 200, answer.content
    assert answer.json().keys() == {"transcript"}
    return answer.json()["transcript"]


def test_markdown(api: Api) -> None:
    """The payload is a text; paragraphs end with two line breaks, and the speaker stands before each message."""
    assert transcript(api, createParagraphs=True) == {"payload": "<br/><br/>".join(SAID), "contentType": "text/markdown"}
    assert transcript(api)["payload"] == " ".join(SAID)
    shown = transcript(api, createParagraphs=True, showSpeakerSeparation=True)["payload"]
    assert shown == "".join(f"{name}: {text}<br/><br/>" for name, text in zip(("Ada",) * 4 + ("Ben",), SAID, strict=True))


def test_markdown_reads_speakers_and_texts_only(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without phrases no other columns are read, and a batch ends where it wants."""
    whole = transcript(api, createParagraphs=True, showSpeakerSeparation=True)
    monkeypatch.setattr(spoken, "TEXT_BATCH", 2)
    with CaptureQueriesContext(connection) as queries:
        assert transcript(api, createParagraphs=True, showSpeakerSeparation=True) == whole
    read = [query["sql"] for query in queries if 'FROM "insights_message"' in query["sql"]]
    assert len(read) == 3
    assert not any("offset_s" in sql or '"words"' in sql for sql in read)


def test_highlighted_phrases(api: Api) -> None:
    """Phrases of insights that were not rejected, or all phrases, are in `<mark>`."""
    phrase = "<mark>send the budget report tomorrow</mark>"
    insights, everything = {"highlightOnlyInsightKeyPhrases": True}, {"highlightAllKeyPhrases": True}
    assert transcript(api, phrases=insights)["payload"].count("<mark>") == 2
    Insight.objects.filter(text__contains="Ada").update(review="rejected", reviewed_at=Insight.objects.all()[0].message.started_at)
    assert phrase not in transcript(api, phrases=insights)["payload"]
    assert phrase in transcript(api, phrases={**insights, **everything})["payload"]
    assert "<mark>" not in transcript(api, phrases={})["payload"]


def test_srt(api: Api) -> None:
    """The payload is an object, as documented; the Go SDK gets a text."""
    payload = transcript(api, "text/srt")["payload"]
    assert payload["contentType"] == "text/srt"
    assert payload["content"].startswith("1\n00:00:05,000 --> 00:00:07,000\nIs the budget ready?\n\n2\n")
    shown = transcript(api, "text/srt", "?shape=go", showSpeakerSeparation=True)
    assert shown["contentType"] == "text/srt"
    assert shown["payload"].startswith("1\n00:00:05,000 --> 00:00:07,000\nAda: Is the budget ready?\n")


def test_further_formats(api: Api) -> None:
    """WebVTT and plain text are texts, JSON is a list of lines, Word is Base64."""
    assert transcript(api, "text/vtt")["payload"].startswith("WEBVTT\n\n00:00:05.000 --> ")
    assert transcript(api, "text/plain", showSpeakerSeparation=True)["payload"].startswith("\nAda [0:05]\nIs the budget ready?\n")
    lines = transcript(api, "application/json")["payload"]
    assert [line["text"] for line in lines] == SAID
    assert lines[0].keys() == {"messageId", "speaker", "text", "startTime", "timeOffset", "duration"}
    word = transcript(api, WORD)
    assert word["encoding"] == "base64"
    assert [one.text for one in Document(BytesIO(b64decode(word["payload"]))).paragraphs][1:] == SAID


def test_an_unknown_speaker_has_a_number(api: Api) -> None:
    """A speaker without a member is called by its number."""
    Speaker.objects.update(member=None)
    assert transcript(api, showSpeakerSeparation=True)["payload"].startswith("Speaker 1: Is the budget ready?")


@pytest.mark.parametrize("place", ["query", "body"])
def test_redaction(api: Api, place: str) -> None:
    """Personal data is hidden in every format, also in highlighted phrases."""
    said = Message.objects.filter(text__startswith="Ada")
    said.update(text="Ada will mail a@example.org.", phrases=["mail a@example.org"])
    options = {"redact": True, "exclude": ["PERSON_NAME"]} if place == "body" else {}
    query = '?redact=true&exclude=["PERSON_NAME"]' if place == "query" else ""
    for content_type in ("text/markdown", "text/srt", "text/vtt", "text/plain", "application/json"):
        shown = json.dumps(transcript(api, content_type, query, **options))
        assert "Ada will mail ****." in shown
        assert "example.org" not in shown
    marked = transcript(api, "text/markdown", query, phrases={"highlightAllKeyPhrases": True}, **options)["payload"]
    assert "<mark>mail ****</mark>" in marked


def test_options_without_effect_get_a_warning(api: Api) -> None:
    """Options that a format does not have are named."""
    answer = made(api, "text/srt", createParagraphs=True, phrases={"highlightAllKeyPhrases": True})
    assert [warning.split(":")[0] for warning in answer.json()["warnings"]] == ["phrases", "createParagraphs"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, "contentType: Field required"),
        ({"contentType": "text/html"}, "contentType: Input should be 'text/markdown', 'text/srt'"),
        ({"contentType": "text/srt", "createParagraphs": "perhaps"}, "createParagraphs"),
        ({"contentType": "text/srt", "exclude": ["SHOE_SIZE"]}, "exclude: must be a list of categories"),
        ([], "contentType: Field required"),
    ],
)
def test_bad_bodies(api: Api, body: object, problem: str) -> None:
    """The error names the field."""
    headers = {"Authorization": f"Bearer {api.token}"}
    answer = api.client.post(f"{api.root}/transcript", json.dumps(body), content_type="application/json", headers=headers)
    assert answer.status_code == 400
    assert problem in answer.json()["message"]


def test_the_number_of_queries(api: Api) -> None:
    """A transcript of one batch takes five queries at most: app, conversation, members, messages, and phrases or custom entities."""
    for options in ({}, {"phrases": {"highlightOnlyInsightKeyPhrases": True}}, {"redact": True}):
        with CaptureQueriesContext(connection) as queries:
            transcript(api, "text/markdown", "", **options)
        assert len(queries) <= 6, [query["sql"] for query in queries]


def test_only_the_owner_gets_it(api: Api, other_owner: User) -> None:
    """Somebody else's conversation does not exist, and without a token nobody is known."""
    foreign = Api(token_of(other_owner))
    foreign.root = api.root
    unknown = Api(api.token, 10**15)
    assert made(foreign).status_code == made(unknown).status_code == 404
    assert made(foreign).json() == made(unknown).json()
    assert api.client.post(f"{api.root}/transcript", "{}", content_type="application/json").status_code == 401
