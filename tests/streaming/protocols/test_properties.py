"""Properties of all messages."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from insights.events import parse as parse_event
from insights.snapshots import MemberSnapshot
from streaming.protocols.symbl import (
    ENCODINGS,
    Audio,
    Start,
    StartSpeaker,
    TrackerSpec,
    View,
    WireError,
    encode,
    error_envelope,
    error_top,
    insight_types,
    parse,
    recognition_result,
    render_event,
)
from tests.streaming.protocols.samples import JANE, insight, message, topic, tracker

calm = settings(deadline=None, max_examples=150, database=None)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=12
)
FIELDS = """
    type insightTypes customVocabulary config confidenceThreshold languageCode meetingTitle timezoneOffset speechRecognition
    encoding sampleRateHertz trackers interimResults enableAllTrackers detectEntities sentiment redaction redactContent speaker
    userId name email vocabulary id noConnectionTimeout disconnectOnStopRequest disconnectOnStopRequestTimeout
    metadata webhookUrl detectPhrases actions peerId
"""
keys = st.sampled_from(FIELDS.split())
known = st.recursive(
    scalars | st.sampled_from(ENCODINGS + insight_types()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=25,
)
requests = st.sampled_from(["start_request", "modify_request", "stop_request"])
storable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30).map(str.strip)
named = storable.filter(bool)


def refusal(text: str) -> WireError | None:
    """Return the error of a text; any other exception fails the test."""
    try:
        parse(text)
    except WireError as error:
        return error
    return None


@calm
@given(st.text() | st.text(alphabet="{}[]\"':,_PINGtypeso \\u0", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text raises anything but a WireError, and each such error can be sent."""
    if error := refusal(text):
        encode(error_envelope(error.message, error.field)).encode()


@calm
@given(values)
def test_any_json_value_is_read_or_refused(value: Any) -> None:
    """NaN and Infinity, which Python's JSON writer allows, are included."""
    if error := refusal(json.dumps(value)):
        encode(error_top(error.message, field=error.field)).encode()


@calm
@given(requests, st.dictionaries(keys, known, max_size=8))
def test_any_value_in_any_field_is_read_or_refused(kind: str, fields: dict[str, Any]) -> None:
    """The error of a refused field has the field's path."""
    if error := refusal(json.dumps({**fields, "type": kind})):
        assert error.field in error.message


@calm
@given(st.binary())
def test_any_bytes_are_audio(frame: bytes) -> None:
    """The protocol never refuses audio."""
    assert parse(frame) == Audio(frame)


@st.composite
def starts(draw: st.DrawFn) -> Start:
    """A valid Start with every field in its range."""
    user_id, name, email = draw(storable), draw(storable), draw(storable)
    user_id = user_id or email
    return Start(
        insight_types=draw(st.frozensets(st.sampled_from(insight_types()))),
        confidence_threshold=draw(st.floats(0, 1)),
        language=draw(st.sampled_from(["en-US", "en", "de-AT", "zh-Hant-TW"])),
        encoding=draw(st.sampled_from(ENCODINGS)),
        sample_rate=draw(st.integers(8000, 48000)),
        speaker=StartSpeaker(user_id, name, email) if user_id or name else None,
        vocabulary=tuple(draw(st.lists(named, max_size=3))),
        trackers=tuple(
            draw(st.lists(st.builds(TrackerSpec, named, st.lists(named, min_size=1, max_size=3).map(tuple), storable), max_size=3))
        ),
        tracker_interims=draw(st.booleans()),
        all_trackers=draw(st.booleans()),
        meeting_title=draw(st.none() | named),
        timezone_offset=draw(st.none() | st.integers(-1080, 1080)),
        no_connection_timeout=draw(st.none() | st.integers(0, 1800)),
        disconnect_on_stop=draw(st.booleans()),
        stop_timeout=draw(st.integers(0, 1800)),
        detect_entities=draw(st.booleans()),
        sentiment=draw(st.booleans()),
        audio_age=draw(st.none() | st.floats(0, 1800)),
    )


def written(start: Start) -> str:
    """Return a Start as a client writes it."""
    speaker = start.speaker and {"userId": start.speaker.user_id, "name": start.speaker.name, "email": start.speaker.email}
    config = {
        "confidenceThreshold": start.confidence_threshold,
        "languageCode": start.language,
        "speechRecognition": {"encoding": start.encoding, "sampleRateHertz": start.sample_rate},
        "meetingTitle": start.meeting_title,
        "timezoneOffset": start.timezone_offset,
        "trackers": {"interimResults": start.tracker_interims, "enableAllTrackers": start.all_trackers},
        "detectEntities": start.detect_entities,
        "sentiment": start.sentiment,
    }
    return json.dumps(
        {
            "type": "start_request",
            "insightTypes": sorted(start.insight_types),
            "customVocabulary": start.vocabulary,
            "config": config,
            "speaker": speaker,
            "trackers": [{"name": spec.name, "vocabulary": spec.vocabulary, "id": spec.id} for spec in start.trackers],
            "noConnectionTimeout": start.no_connection_timeout,
            "disconnectOnStopRequest": start.disconnect_on_stop,
            "disconnectOnStopRequestTimeout": start.stop_timeout,
            "audioAge": start.audio_age,
        }
    )


@calm
@given(starts())
def test_a_start_that_is_written_is_read_back(start: Start) -> None:
    """Every valid start_request is read unchanged."""
    assert parse(written(start)) == start


views = st.builds(
    View,
    st.frozensets(st.sampled_from(insight_types())),
    st.floats(0, 1),
    st.booleans(),
    st.booleans(),
    st.none() | st.integers(-1080, 1080),
)
events = st.sampled_from(
    [
        *("messages", "message_corrected", "message_deleted", "insights", "insight_reviewed", "insight_deleted", "topics", "trackers"),
        *("conversation_created", "conversation_completed"),
    ]
)


@calm
@given(events, storable, st.integers(1, 2**53), views)
def test_every_rendered_event_is_numbered_json(kind: str, text: str, number: int, view: View) -> None:
    """Each message is valid JSON with the number of its event, whatever the words and the client."""
    payload = {
        "messages": [message(text, member=JANE), message(text, member=None, entities=[])],
        "message": message(text),
        "insights": [insight(text=text, confidence=0.5)],
        "insight": insight(text=text, review="rejected"),
        "topics": [topic() | {"text": text}],
        "trackers": [tracker()],
        "conversationId": "42",
    }
    for rendered in render_event(parse_event(kind, payload), number, view):
        assert json.loads(encode(rendered)) == rendered
        assert rendered["sequenceNumber"] == number


@calm
@given(storable, st.floats(0, 1), st.booleans())
def test_every_live_text_is_json(text: str, confidence: float, is_final: bool) -> None:
    """A live text is valid JSON and keeps every character."""
    result = recognition_result(text, [], confidence=confidence, is_final=is_final, member=MemberSnapshot.parse(JANE))
    assert json.loads(encode(result))["message"]["punctuated"]["transcript"] == text
