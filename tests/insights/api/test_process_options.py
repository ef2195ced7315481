"""The options of imports, in every form that clients send, and those that are wrong or not done."""

import json
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile

from insights.imports.import_options import ImportSource
from insights.models import Conversation, Job
from tests.insights.api.import_sender import SAID, Sender, source_of

pytestmark = pytest.mark.django_db(transaction=True)  # jobs run after the commit

QUIRKS = {
    "name": "Demo",
    "customVocabulary": '["Parley", "Symbl"]',
    "confidenceThreshold": "0.7",
    "detectEntities": "true",
    "detectPhrases": "false",
    "enableAllTrackers": "true",
    "enableSummary": "True",
    "enableSeparateRecognitionPerChannel": "true",
    "channelMetadata": '[{"channel": 1, "speaker": {"name": "Anna", "email": "a@b.org"}}, {"channel": 2, "speaker": {"name": "Tom"}}]',
    "languageCode": "en-US",
    "mode": "default",
    "trackers": '[{"name": "Money", "vocabulary": ["budget"]}]',
    "metadata": '{"room": "5"}',
    "features": '{"featureList": ["insights"]}',
}
"""As the Python SDK sends them in the query: booleans as text, lists and objects as JSON text."""


def test_options_in_the_query_in_a_form_and_as_json(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """All three forms mean the same."""
    monkeypatch.setattr("insights.http_client.check_url", lambda url: None)
    plain = {name: json.loads(value) if value[0] in "[{" else value for name, value in QUIRKS.items()}
    plain |= {"detectEntities": True, "detectPhrases": False, "confidenceThreshold": 0.7}
    answers = [
        sender.raw("audio", **QUIRKS),
        sender.form("video", {**QUIRKS, "file": SimpleUploadedFile("a.mp4", b"not a video")}),
        sender.json("audio/url", {"url": "https://example.org/a.wav", **QUIRKS}),
        sender.json("video/url", {"url": "https://example.org/a.wav", **plain}),
    ]
    options = [source_of(answer).options for answer in answers]
    assert options == [options[0]] * 4
    first = options[0]
    assert (first.vocabulary, first.confidence_threshold, first.separate_channels) == (("Parley", "Symbl"), 0.7, True)
    assert [(one.channel, one.speaker.name, one.speaker.user_id) for one in first.channels] == [
        (1, "Anna", "a@b.org"),
        (2, "Tom", ""),
    ]
    assert first.trackers[0].name == "Money"
    assert first.all_trackers
    assert all("warnings" not in answer for _, answer in answers)
    assert set(Conversation.objects.values_list("name", flat=True)) == {"Demo"}


def test_the_query_completes_a_json_body(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python SDK sends the webhook of a text in the query; the body wins."""
    monkeypatch.setattr("insights.http_client.check_url", lambda url: None)
    status, _ = sender.json(
        "text?webhookUrl=https://example.org/hook&confidenceThreshold=0.1", {"messages": SAID, "confidenceThreshold": 0.9}
    )
    assert status == 201
    job = Job.objects.get()
    assert job.webhook_url == "https://example.org/hook"
    assert ImportSource.parse(job.parameters).options.confidence_threshold == 0.9


@pytest.mark.parametrize("query", [["Parley", "Symbl"], list('["Parley", "Symbl"]')])
def test_a_repeated_option_is_a_list(sender: Sender, query: list[str]) -> None:
    """Each word once; or each character of the JSON text, as symbl_rest sends it."""
    assert source_of(sender.raw("audio", customVocabulary=query)).options.vocabulary == ("Parley", "Symbl")


NOT_DONE = {
    "diarizationSpeakerCount": ("2", "diarizationSpeakerCount: has no effect without"),
    "mode": ("phone", "mode: there is one model"),
    "features": ('{"featureList": ["callScore"]}', "features: callScore is not available: it needs a language model"),
    "a feature": ('{"featureList": ["magic"]}', "features: magic is not available"),
    "no list of features": ('{"callScore": true}', "features: has no effect without a list `featureList`"),
    "channelMetadata": ('[{"channel": 2, "speaker": {"name": "Tom"}}]', "channelMetadata: names the first channel's speaker only"),
    "colour": ("red", "colour: is not an option of this import"),
}


def test_several_speakers(sender: Sender, settings: LazySettings) -> None:
    """They are told apart; where the server cannot do that, the channel is one speaker, and the response says so."""
    options = source_of(sender.raw("audio", enableSpeakerDiarization="true", diarizationSpeakerCount="3")).options
    assert (options.several_speakers, options.expected_speakers) == (True, 3)
    settings.SPEAKER_MODELS = "none"
    status, answer = sender.raw("audio", enableSpeakerDiarization="true")
    assert answer["warnings"][0].startswith("enableSpeakerDiarization: speakers in one audio channel are not told apart on this server")
    assert not ImportSource.parse(Job.objects.order_by("created_at").last().parameters).options.several_speakers


@pytest.mark.parametrize("name", list(NOT_DONE))
def test_what_is_not_done_is_a_warning(sender: Sender, name: str) -> None:
    """The warning names the option."""
    value, warning = NOT_DONE[name]
    status, answer = sender.raw("audio", **{"features" if "feature" in name else name: value})
    assert status == 201
    assert [text for text in answer["warnings"] if text.startswith(warning)], answer


@pytest.mark.parametrize(("name", "value"), [("customVocabulary", ["Parley"]), ("storeAudio", True)])
def test_a_text_has_no_options_of_recordings(sender: Sender, name: str, value: object) -> None:
    """They are named in a warning: a text was not misheard, and has no audio."""
    status, answer = sender.json("text", {"messages": SAID, name: value})
    assert (status, answer["warnings"]) == (201, [f"{name}: is not an option of this import"])


WRONG = {
    "confidenceThreshold": ("2", "must be a number from 0 to 1"),
    "detectPhrases": ("ja", "must be true or false"),
    "customVocabulary": ("Parley", 'must be a list of strings such as ["Parley"], as JSON'),
    "trackers": ('[{"name": "x"}]', "Field required"),
    "languageCode": ("english!", "String should match pattern"),
    "mode": ("radio", "Input should be 'phone' or 'default'"),
    "name": ("x" * 257, "String should have at most 256 characters"),
    "channelMetadata": ('[{"channel": 3, "speaker": {}}]', "must be 1 or 2"),
    "metadata": ('"x"', "Input should be a valid dictionary"),
    "startTime": ("soon", "must be a time such as 2026-03-02T14:00:00Z"),
    "webhookUrl": ("http://127.0.0.1/hook", "not public"),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_a_wrong_option_is_refused(sender: Sender, uploads: Path, name: str) -> None:
    """The error names the field and what is allowed; neither a conversation nor a job nor a file is left."""
    value, needed = WRONG[name]
    status, answer = sender.raw("audio", **{name: value})
    assert (status, Conversation.objects.count(), Job.objects.count()) == (400, 0, 0)
    assert answer["message"].startswith(name)
    assert needed in answer["message"]
    assert not uploads.exists() or list(uploads.iterdir()) == []


@pytest.mark.parametrize("name", ["name", "metadata", "customVocabulary", "entities", "trackers", "languageCode", "features"])
def test_null_is_no_value(sender: Sender, name: str) -> None:
    """An option that is null in the body, or JSON that is empty in the query, is as if it was not sent."""
    assert sender.json("text", {"messages": SAID, name: None})[0] == 201
    if name not in ("name", "languageCode"):
        assert sender.raw("audio", **{name: ""})[0] == 201
        assert sender.raw("audio", **{name: "null"})[0] == 201
