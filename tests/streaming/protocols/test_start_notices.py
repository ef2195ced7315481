"""`start_request`: fields that are accepted and not carried out, and unknown ones, are named in a warning."""

from typing import Any

import pytest

from streaming.protocols.symbl import Start, parse
from streaming.protocols.symbl.notices import MOST
from tests.streaming.protocols.samples import start


def notices(**fields: Any) -> dict[str, str]:
    """Return the warnings about a start_request, the text by field."""
    parsed = parse(start(**fields))
    assert isinstance(parsed, Start)
    assert all(notice.text.startswith(notice.field) for notice in parsed.notices)
    return {notice.field: notice.text for notice in parsed.notices}


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"actions": [{"invokeOn": "stop", "name": "sendSummaryEmail", "parameters": {"emails": ["a@example.org"]}}]}, "actions", "e-mail"),
        ({"features": {"featureList": ["insights"]}}, "features", "not implemented"),
        ({"enableSummary": True}, "enableSummary", "GET /v1/conversations/{id}/summary"),
        ({"config": {"enableSummary": True}}, "config.enableSummary", "GET /v1/conversations/{id}/summary"),
        ({"channelMetadata": [{"channel": 1}]}, "channelMetadata", "one speaker"),
        ({"mode": "phone"}, "mode", "one recognition model"),
        ({"config": {"speechRecognition": {"mode": "phone"}}}, "config.speechRecognition.mode", "one recognition model"),
        ({"config": {"speechRecognition": {"engine": "google"}}}, "config.speechRecognition.engine", "one recogniser"),
        (
            {"config": {"speechRecognition": {"speechContexts": [{"phrases": ["x"]}]}}},
            "config.speechRecognition.speechContexts",
            "customVoc",
        ),
        ({"config": {"speechRecognition": {"interimResults": False}}}, "config.speechRecognition.interimResults", "always sent"),
        ({"config": {"speechRecognition": {"languageCode": "de-AT"}}}, "config.speechRecognition.languageCode", "config.languageCode"),
        ({"insightTypes": ["question", "intent"]}, "insightTypes[1]", "intents are not detected"),
        ({"insightTypes": ["summary"]}, "insightTypes[0]", "/summary"),
        ({"insightTypes": ["follow-up"]}, "insightTypes[0]", "read as follow_up"),
        ({"mood": "good"}, "mood", "no field of this name"),
        ({"id": "an id"}, "id", "no field of this name"),
        ({"config": {"mood": False}}, "config.mood", "no field of this name"),
        ({"config": {"trackers": {"mood": 1}}}, "config.trackers.mood", "no field of this name"),
        ({"config": {"redaction": {"mood": 1}}}, "config.redaction.mood", "no field of this name"),
        ({"trackers": [{"name": "n", "vocabulary": ["p"], "mood": 1}]}, "trackers[0].mood", "no field of this name"),
    ],
)
def test_a_field_without_effect_is_named(fields: dict[str, Any], field: str, says: str) -> None:
    """Exactly the field without effect gets a warning, which says what happens instead."""
    found = notices(**fields)
    assert list(found) == [field]
    assert says in found[field]


def test_insight_types_of_the_documentation() -> None:
    """Other names of a known type are read as that type; types that are not found live are left out."""
    parsed = parse(start(insightTypes=["follow-up", "action-item", "topics", "intent", "summary"]))
    assert isinstance(parsed, Start)
    assert parsed.insight_types == {"follow_up", "action_item", "topic"}


def test_a_complete_start_of_the_sdks_has_no_warnings() -> None:
    """What symbl-js, the web SDK and the Python SDK send by themselves is all carried out."""
    fields = {
        "insightTypes": ["question", "action_item"],
        "config": {"meetingTitle": "A", "speechRecognition": {"encoding": "LINEAR16", "sampleRateHertz": 16000, "interimResults": True}},
        "speaker": {"userId": "jane@example.com", "name": "Jane"},
        "trackers": None,
        "customVocabulary": ["Parley"],
        "disconnectOnStopRequest": True,
        "disconnectOnStopRequestTimeout": 0,
        "noConnectionTimeout": 0,
    }
    assert notices(**fields) == {}


def test_warnings_are_bounded() -> None:
    """Thousands of unknown fields give a few warnings and a count; a long or unprintable name is cut and escaped."""
    parsed = parse(start(**{f"field{number}": 1 for number in range(5000)}))
    assert isinstance(parsed, Start)
    assert len(parsed.notices) == MOST + 1
    assert parsed.notices[-1].text == f"{5000 - MOST} further fields are ignored"
    (field,) = notices(**{"\ud800\n" + "x" * 5000: 1})
    assert len(field) < 200
    assert field.isascii()
    assert field.isprintable()


def test_metadata_webhook_and_phrases() -> None:
    """All three are read at the top and in config; at the top counts where both are sent."""
    parsed = parse(start(metadata={"room": "4"}, webhookUrl="https://example.org/hook?a=1", detectPhrases=True))
    assert isinstance(parsed, Start)
    assert (parsed.metadata, parsed.webhook_url, parsed.detect_phrases) == ({"room": "4"}, "https://example.org/hook?a=1", True)
    inner = {"metadata": {"room": "5", "floor": "1"}, "webhookUrl": "http://[::1]:8080/", "detectPhrases": True}
    parsed = parse(start(metadata={"room": "4"}, config=inner))
    assert isinstance(parsed, Start)
    assert (parsed.metadata, parsed.webhook_url, parsed.detect_phrases) == ({"room": "4", "floor": "1"}, "http://[::1]:8080/", True)
