"""`start_request`: every field, its default, and its accepted variants."""

import json
from typing import Any

import pytest

from streaming.protocols.symbl import Start, StartSpeaker, TrackerSpec, WireError, parse
from tests.streaming.protocols.samples import seed, start


def test_the_published_example_is_read_field_by_field() -> None:
    """Each field of the published start message has its documented meaning."""
    assert parse(json.dumps(seed("start_request"))) == Start(
        insight_types=frozenset({"question", "action_item"}),
        confidence_threshold=0.9,
        language="en-US",
        encoding="LINEAR16",
        sample_rate=16000,
        speaker=StartSpeaker(user_id="jane.doe@example.com", name="Jane"),
    )


def test_a_bare_start_has_the_published_defaults() -> None:
    """An empty start_request requests no insights, at 0.5, in American English, LINEAR16 at 16 kHz, without a speaker."""
    bare = parse(start())
    assert isinstance(bare, Start)
    assert (bare.insight_types, bare.confidence_threshold, bare.language) == (frozenset(), 0.5, "en-US")
    assert (bare.encoding, bare.sample_rate, bare.speaker) == ("LINEAR16", 16000, None)
    assert (bare.no_connection_timeout, bare.disconnect_on_stop, bare.stop_timeout) == (None, True, 1800)


def test_every_field_is_read() -> None:
    """Each documented field arrives in its place."""
    text = start(
        insightTypes=["question", "action_item", "follow_up", "topic"],
        customVocabulary=["Parley", "Symbl"],
        config={
            "confidenceThreshold": 0,
            "languageCode": "de-AT",
            "meetingTitle": "Planning",
            "timezoneOffset": -480,
            "speechRecognition": {"encoding": "FLAC", "sampleRateHertz": 44100},
            "trackers": {"interimResults": True, "enableAllTrackers": False},
            "detectEntities": True,
            "sentiment": True,
            "redaction": {"identifyContent": True, "redactContent": False, "redactionString": "****"},
        },
        speaker={"userId": "u1", "name": "Jane", "email": "jane@example.com"},
        trackers=[{"id": "t1", "name": "Price", "vocabulary": ["cost", "how much"]}],
        enableAllTrackers=True,
        noConnectionTimeout=300,
        disconnectOnStopRequest=False,
        disconnectOnStopRequestTimeout=0,
    )
    assert parse(text) == Start(
        insight_types=frozenset({"question", "action_item", "follow_up", "topic"}),
        confidence_threshold=0.0,
        language="de-AT",
        encoding="FLAC",
        sample_rate=44100,
        speaker=StartSpeaker("u1", "Jane", "jane@example.com"),
        vocabulary=("Parley", "Symbl"),
        trackers=(TrackerSpec("Price", ("cost", "how much"), "t1"),),
        tracker_interims=True,
        all_trackers=True,
        meeting_title="Planning",
        timezone_offset=-480,
        no_connection_timeout=300,
        disconnect_on_stop=False,
        stop_timeout=0,
        detect_entities=True,
        sentiment=True,
    )


NULLS = ("insightTypes", "customVocabulary", "config", "speaker", "trackers", "noConnectionTimeout", "disconnectOnStopRequest")


@pytest.mark.parametrize(
    "fields",
    [
        dict.fromkeys(NULLS),
        {"config": {"speechRecognition": None, "confidenceThreshold": None, "meetingTitle": None, "trackers": None, "languageCode": None}},
        {"speaker": {"userId": None, "name": ""}},
        {"actions": [], "features": {}, "enableSummary": False, "mood": None},
        {"config": {"speechRecognition": {"languageCode": "en-US", "interimResults": True, "enableAutomaticPunctuation": True}}},
    ],
    ids=["nulls", "inner nulls", "nameless speaker", "nothing requested", "what is done anyway"],
)
def test_empty_values_are_ignored(fields: dict[str, Any]) -> None:
    """Nulls, blanks and fields that request nothing leave the defaults in place, without a warning."""
    assert parse(start(**fields)) == Start()


@pytest.mark.parametrize("spelling", ["opus", "Opus", "OPUS"])
def test_an_encoding_may_be_written_in_any_case(spelling: str) -> None:
    """The SDKs write encodings in different cases."""
    parsed = parse(start(config={"speechRecognition": {"encoding": spelling, "sampleRateHertz": 48000}}))
    assert parsed == Start(encoding="OPUS", sample_rate=48000)


@pytest.mark.parametrize("name", ["WEBM_OPUS", "ogg_opus"])
def test_the_containers_of_opus_are_opus(name: str) -> None:
    """The decoder finds the container itself."""
    assert parse(start(config={"speechRecognition": {"encoding": name, "sampleRateHertz": 48000}})) == Start(
        encoding="OPUS", sample_rate=48000
    )


def test_numbers_and_truth_values_may_be_texts() -> None:
    """Clients that read their options from a form or the environment send texts."""
    text = start(
        noConnectionTimeout="300",
        disconnectOnStopRequest="False",
        disconnectOnStopRequestTimeout=" 60 ",
        audioAge="1.5",
        detectPhrases="true",
        config={
            "confidenceThreshold": "0.25",
            "timezoneOffset": "-480",
            "sentiment": "TRUE",
            "speechRecognition": {"sampleRateHertz": "44100"},
        },
    )
    assert parse(text) == Start(
        no_connection_timeout=300,
        disconnect_on_stop=False,
        stop_timeout=60,
        audio_age=1.5,
        detect_phrases=True,
        confidence_threshold=0.25,
        timezone_offset=-480,
        sentiment=True,
        sample_rate=44100,
    )
    assert parse(start(noConnectionTimeout="true")) == Start(no_connection_timeout=1800)


def test_encoding_and_rate_in_the_config_itself() -> None:
    """Older clients have no `speechRecognition` object; where both are sent the inner one counts."""
    assert parse(start(config={"encoding": "mulaw", "sampleRateHertz": 8000})) == Start(encoding="MULAW", sample_rate=8000)
    both = {"encoding": "MULAW", "sampleRateHertz": 8000, "speechRecognition": {"encoding": "FLAC", "sampleRateHertz": 48000}}
    assert parse(start(config=both)) == Start(encoding="FLAC", sample_rate=48000)


def test_mulaw_has_a_default_of_8000_hz() -> None:
    """MULAW is allowed at 8000 Hz only, so the general default of 16000 would refuse it."""
    assert parse(start(config={"speechRecognition": {"encoding": "MULAW"}})) == Start(encoding="MULAW", sample_rate=8000)


def test_a_rate_may_be_a_float_with_a_whole_value() -> None:
    """Some JSON writers know no integers: 44100.0 is 44100."""
    parsed = parse(start(config={"sampleRateHertz": 44100.0}))
    assert isinstance(parsed, Start)
    assert type(parsed.sample_rate) is int
    assert parsed.sample_rate == 44100


def test_an_email_address_replaces_a_missing_user_id() -> None:
    """One SDK's guide sends `email` and no `userId`."""
    assert parse(start(speaker={"name": "Jane", "email": "jane@example.com"})) == Start(
        speaker=StartSpeaker("jane@example.com", "Jane", "jane@example.com")
    )


def test_a_user_id_may_be_a_number() -> None:
    """A user id that is a number is kept as text."""
    assert parse(start(speaker={"userId": 4711})) == Start(speaker=StartSpeaker("4711"))


@pytest.mark.parametrize(("value", "seconds"), [(True, 1800), (False, 0), (0, 0), (1800, 1800), (900.0, 900)])
def test_no_connection_timeout_may_be_a_boolean(value: object, seconds: int) -> None:
    """One SDK types the field as a boolean: true requests the longest time, false none."""
    assert parse(start(noConnectionTimeout=value)) == Start(no_connection_timeout=seconds)


@pytest.mark.parametrize(
    "fields",
    [{"enableAllTrackers": True}, {"config": {"enableAllTrackers": True}}, {"config": {"trackers": {"enableAllTrackers": True}}}],
)
def test_enable_all_trackers_in_three_places(fields: dict[str, Any]) -> None:
    """The SDKs disagree about the place of `enableAllTrackers`; each is read."""
    assert parse(start(**fields)) == Start(all_trackers=True)


def test_names_lose_the_blanks_around_them() -> None:
    """A name, a title and a phrase are kept without the blanks at their ends."""
    assert parse(start(speaker={"name": " Jane\n"}, customVocabulary=[" Parley "], config={"meetingTitle": " Plan "})) == Start(
        speaker=StartSpeaker("", "Jane"), vocabulary=("Parley",), meeting_title="Plan"
    )


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"trackers": [{"name": "n", "vocabulary": ["p"]}] * 501}, "trackers"),
        ({"trackers": [{"name": "n", "vocabulary": ["p"] * 51}]}, "trackers[0].vocabulary"),
        ({"customVocabulary": ["p"] * 1001}, "customVocabulary"),
        ({"customVocabulary": ["p" * 257]}, "customVocabulary[0]"),
        ({"insightTypes": ["question"] * 101}, "insightTypes"),
    ],
)
def test_lists_have_limits(fields: dict[str, Any], field: str) -> None:
    """The error of a list that is too long has the allowed number."""
    with pytest.raises(WireError, match="at most") as refusal:
        parse(start(**fields))
    assert refusal.value.field == field


def test_lists_at_their_limits_are_accepted() -> None:
    """The largest allowed lists are read."""
    parsed = parse(start(trackers=[{"name": "n", "vocabulary": ["p"] * 50}] * 500, customVocabulary=["p" * 256] * 100))
    assert isinstance(parsed, Start)
    assert (len(parsed.trackers), len(parsed.trackers[0].vocabulary), len(parsed.vocabulary)) == (500, 50, 100)


def test_a_title_at_the_top_counts_where_config_has_none() -> None:
    """The most copied sample of the guides has `meetingTitle` beside `config`."""
    assert parse(start(meetingTitle="Standup", config={})) == Start(meeting_title="Standup")
    assert parse(start(meetingTitle="Standup", config={"meetingTitle": "Planning"})) == Start(meeting_title="Planning")


@pytest.mark.parametrize(
    ("redaction", "mask", "entities"),
    [
        ({}, "", False),
        ({"redactContent": False, "redactionString": "---"}, "", False),
        ({"redactContent": True}, "****", False),
        ({"redactContent": True, "redactionString": "#####", "identifyContent": True}, "#####", True),
        ({"redactContent": True, "redactionString": "[PII_PCI_ENTITY]"}, "[PII_PCI_ENTITY]", False),
        ({"identifyContent": True}, "", True),
    ],
)
def test_redaction(redaction: dict[str, object], mask: str, entities: bool) -> None:
    """`redactContent` replaces words by `redactionString`, four asterisks by default; `identifyContent` requests entities."""
    message = parse(start(config={"redaction": redaction}))
    assert isinstance(message, Start)
    assert (message.redaction, message.detect_entities) == (mask, entities)
