"""The messages to a client of a stream."""

import base64
import json
from xml.etree import ElementTree

from streaming.protocols import fastrtc as wire


def test_media_is_what_fastrtc_sends() -> None:
    """Audio has the form that FastRTC's pages read."""
    assert wire.media(b"\xff\x00\x7f") == '{"event":"media","media":{"payload":"/wB/"}}'


def test_media_for_a_telephone_names_its_stream() -> None:
    """Each frame for a telephone exchange has the id of its stream."""
    message = json.loads(wire.telephone_media(b"\xff\x00", 'M"Z'))
    assert message == {"event": "media", "streamSid": 'M"Z', "media": {"payload": base64.b64encode(b"\xff\x00").decode()}}


def test_marks_and_clear() -> None:
    """A mark asks for a report when the audio was played, clear drops the audio."""
    assert wire.mark("3", "MZ") == {"event": "mark", "streamSid": "MZ", "mark": {"name": "3"}}
    assert wire.clear("MZ") == {"event": "clear", "streamSid": "MZ"}


def test_errors_have_both_keys() -> None:
    """FastRTC's manual reads `data`, its pages read `message`."""
    assert wire.error("no") == {"type": "error", "data": "no", "message": "no"}
    assert wire.warning("slow") == {"type": "warning", "data": "slow", "message": "slow"}


def test_failures_are_envelopes() -> None:
    """The error of a session that did not start has FastRTC's envelope, that of the limit the form of its manual."""
    assert wire.limit_reached(10) == {"status": "failed", "meta": {"error": "concurrency_limit_reached", "limit": 10}}
    assert wire.already_exists() == {"status": "failed", "meta": {"error": "connection_already_exists"}}
    assert wire.failed("unknown_connection") == {"status": "failed", "meta": {"error": "unknown_connection"}}


def test_encode_survives_half_a_character() -> None:
    """Text that is no valid UTF-8 is still sent."""
    assert json.loads(wire.encode({"data": "\ud800"}).encode()) == {"data": "\ud800"}


def test_incoming_call_is_xml() -> None:
    """The TwiML connects the call and passes its parameters on, whatever they contain."""
    document = ElementTree.fromstring(wire.incoming_call("wss://talk.example.org/x?a=1&b=2", {"access_token": '<"&'}))
    stream = document.find("Connect/Stream")
    assert stream is not None
    assert stream.get("url") == "wss://talk.example.org/x?a=1&b=2"
    parameter = stream.find("Parameter")
    assert parameter is not None
    assert (parameter.get("name"), parameter.get("value")) == ("access_token", '<"&')
