"""The messages of a client on a stream's socket, and the errors of wrong ones."""

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.protocols.fastrtc import Dtmf, Mark, Media, Other, Ping, Start, Stop, WireError, parse

SOUND = bytes(range(160))


def parsed(**message: Any) -> Any:
    """Parse a message given as keywords."""
    return parse(json.dumps(message))


def test_start() -> None:
    """A FastRTC client's start has an id and nothing else."""
    assert parsed(event="start", websocket_id="abc") == Start("abc", "mulaw", None, {})


def test_start_for_binary_frames() -> None:
    """A client may request 16-bit samples and its own rate."""
    assert parsed(event="start", webrtc_id="abc", format="pcm16", sample_rate=16000) == Start("abc", "pcm16", 16000, {})


def test_start_with_a_number_for_an_id() -> None:
    """An id that is a number becomes its digits."""
    assert parsed(event="start", websocket_id=7).id == "7"


def test_start_of_a_telephone() -> None:
    """A telephone names its stream outside and inside `start`, and has its parameters inside."""
    inside = {"streamSid": "MZ1", "customParameters": {"access_token": "t", "number": 3}}
    assert parsed(event="start", streamSid="MZ1", start=inside) == Start("MZ1", parameters={"access_token": "t"})
    assert parsed(event="start", start=inside).id == "MZ1"


def test_media() -> None:
    """Audio is base64; spaces in the JSON do not matter."""
    payload = base64.b64encode(SOUND).decode()
    assert parsed(event="media", media={"payload": payload}) == Media(SOUND)
    assert parse('{"event":"media","media":{"payload":"' + payload + '"}}') == Media(SOUND)


@pytest.mark.parametrize(
    "text",
    [
        '{"event":"media","media":{"payload":"AAEC"}}',
        '{"event": "media", "media": {"payload": "AAEC"}}',
        ' {"event":"media","media":{"payload":"AAEC"}}\n',
        '{"event":"media","media":{"payload":"AAEC","track":"inbound"}}',
        '{"media":{"payload":"AAEC"},"event":"media"}',
        '{"event":"media","media":{"payload":"\\u0041AEC"}}',
    ],
)
def test_media_in_any_spelling(text: str) -> None:
    """The fast path for the payload returns the same as the slow one."""
    assert parse(text) == Media(b"\x00\x01\x02")


def test_media_of_a_telephone_has_a_track() -> None:
    """A telephone exchange may return our own audio, marked as outbound."""
    payload = base64.b64encode(SOUND).decode()
    assert parsed(event="media", media={"track": "outbound", "payload": payload}).outbound
    assert not parsed(event="media", media={"track": "inbound", "payload": payload}).outbound


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        ({"event": "stop"}, Stop()),
        ({"event": "ping"}, Ping()),
        ({"event": "mark", "streamSid": "MZ1", "mark": {"name": "12"}}, Mark("12")),
        ({"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": "#"}}, Dtmf("#")),
        ({"event": "connected", "protocol": "Call"}, Other("connected")),
    ],
)
def test_small_messages(message: dict[str, Any], meaning: Any) -> None:
    """Each small message has one meaning; unknown events are ignored."""
    assert parsed(**message) == meaning


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("hello", "message"),
        ("", "message"),
        ("[]", "message"),
        ("[" * 100_000, "message"),
        ("x" * 300_000, "message"),
        ("{}", "event"),
        ('{"event": 3}', "event"),
        ('{"event": "start"}', "websocket_id"),
        ('{"event": "start", "websocket_id": ""}', "websocket_id"),
        ('{"event": "start", "websocket_id": true}', "websocket_id"),
        ('{"event": "start", "websocket_id": "a\\u0000b"}', "websocket_id"),
        ('{"event": "start", "websocket_id": "a\\ud800b"}', "websocket_id"),
        (json.dumps({"event": "start", "streamSid": "x" * 257}), "streamSid"),
        ('{"event": "start", "websocket_id": "a", "format": "opus"}', "format"),
        ('{"event": "start", "websocket_id": "a", "format": ["pcm16"]}', "format"),
        ('{"event": "start", "websocket_id": "a", "sample_rate": 7999}', "sample_rate"),
        ('{"event": "start", "websocket_id": "a", "sample_rate": "16000"}', "sample_rate"),
        ('{"event": "media"}', "media.payload"),
        ('{"event": "media", "media": "abcd"}', "media.payload"),
        ('{"event": "media", "media": {"payload": 5}}', "media.payload"),
        ('{"event": "media", "media": {"payload": "a*=="}}', "media.payload"),
        ('{"event": "media", "media": {"payload": "\\u00e9"}}', "media.payload"),
        (json.dumps({"event": "media", "media": {"payload": base64.b64encode(bytes(96_001)).decode()}}), "media.payload"),
        ('{"event": "mark"}', "mark"),
        ('{"event": "mark", "mark": {"name": 5}}', "mark.name"),
        ('{"event": "dtmf", "dtmf": {"digit": "12"}}', "dtmf.digit"),
    ],
)
def test_a_wrong_message_names_its_field(text: str, field: str) -> None:
    """The error of a wrong message names the field."""
    with pytest.raises(WireError) as refused:
        parse(text)
    assert refused.value.field == field
    assert str(refused.value)


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_any_json_has_a_meaning_or_an_error(message: Any) -> None:
    """The parser returns a message or its own error for any JSON."""
    for wrapped in (message, {"event": message}, {"event": "start", "websocket_id": message}, {"event": "media", "media": message}):
        with suppress(WireError):
            assert parse(json.dumps(wrapped))
