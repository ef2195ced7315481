"""Parses the text messages of a WebSocket. A client sends fifty `media` messages per second, so these have a fast path."""

import binascii
import json
from typing import Any

from insights.snapshots import Payload
from streaming.protocols.fastrtc.client_messages import (
    FORMATS,
    LONGEST_MEDIA_BYTES,
    ClientMessage,
    Dtmf,
    Mark,
    Media,
    Other,
    Ping,
    Start,
    Stop,
    WireError,
)

LONGEST_TEXT = 262_144
MOST_VALUES = 1000
"""Objects, lists and commas of one message; a list of 87,000 lists took 0.3 s to read. Base64 has none of these characters."""
LONGEST_ID = 256
LONGEST_RESUME = 64
LONGEST_USER_DATA = 16_384
"""Characters of `user_data` as JSON without spaces."""
MOST_USER_VALUES = 1000
"""Objects, lists and commas of `user_data`."""
LOWEST_RATE, HIGHEST_RATE = 8_000, 48_000
_PLAIN_MEDIA = ('{"event":"media","media":{"payload":"', '{"event": "media", "media": {"payload": "')
"""How browsers and Python serialise `media`, which is nearly all of the traffic: only the payload needs to be decoded."""


def parse(text: str) -> ClientMessage:
    """Return the message of a client. Raises WireError, which names the field and what is allowed."""
    if len(text) > LONGEST_TEXT:
        raise WireError(f"a message may have at most {LONGEST_TEXT} characters, not {len(text)}", "message")
    for plain in _PLAIN_MEDIA:
        if text.startswith(plain) and text.endswith('"}}'):
            try:
                return Media(_audio(text[len(plain) : -3]))
            except WireError:
                break  # more than a payload, or not valid: parse as JSON
    if sum(map(text.count, "[{,")) > MOST_VALUES:
        raise WireError(f"a message may have at most {MOST_VALUES} values", "message")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise WireError("this message is not JSON", "message") from None
    if not isinstance(message, dict):
        raise WireError('a message is a JSON object with an "event"', "message")
    event = message.get("event")
    if event == "media":
        return _media(message.get("media"))
    if not isinstance(event, str):
        raise WireError('event: missing or not text; allowed are "start", "media", "stop" and "ping"', "event")
    if event == "start":
        return _start(message)
    if event == "stop":
        return Stop()
    if event == "ping":
        return Ping()
    if event == "mark":
        return Mark(_text(_inner(message, "mark").get("name"), "mark.name"))
    if event == "dtmf":
        return Dtmf(_digit(_inner(message, "dtmf").get("digit")))
    return Other(event[:40])


def _media(media: Any) -> Media:
    payload = media.get("payload") if isinstance(media, dict) else None
    if not isinstance(payload, str):
        raise WireError(
            'media.payload: mu-law bytes in base64 are needed, as in {"event": "media", "media": {"payload": "..."}}', "media.payload"
        )
    return Media(_audio(payload), media.get("track") == "outbound")


def _audio(payload: str) -> bytes:
    try:
        audio = binascii.a2b_base64(payload, strict_mode=True)
    except ValueError:
        raise WireError("media.payload: this is not base64", "media.payload") from None
    if len(audio) > LONGEST_MEDIA_BYTES:
        raise WireError(f"media.payload: at most {LONGEST_MEDIA_BYTES} bytes of audio in one message, not {len(audio)}", "media.payload")
    return audio


def _start(message: Payload) -> Start:
    inner = message.get("start")
    details = inner if isinstance(inner, dict) else {}
    name, value = next(
        ((key, found) for key in ("websocket_id", "webrtc_id", "streamSid") if (found := message.get(key, details.get(key))) is not None),
        ("websocket_id", None),
    )
    parameters = details.get("customParameters")
    return Start(
        _id(value, name),
        _format(message.get("format")),
        _rate(message.get("sample_rate")),
        {key: value for key, value in parameters.items() if isinstance(value, str)} if isinstance(parameters, dict) else {},
        resume_value(message.get("resume")),
        user_data_value(message.get("user_data")),
        _flag(message.get("pauses"), "pauses"),
    )


def resume_value(value: Any) -> bool | str:
    """Return the `resume` of a start or an offer: whether a value is asked for, or the value that is presented. Raises WireError."""
    if value is None:
        return False
    if isinstance(value, bool) or (isinstance(value, str) and 1 <= len(value) <= LONGEST_RESUME):
        return value
    raise WireError(f"resume: true, false, or the value of an earlier answer (1 to {LONGEST_RESUME} characters) is needed", "resume")


def user_data_value(value: Any) -> Any:
    """Return the `user_data` of a start or an offer: any JSON value of limited size; None if there is none. Raises WireError."""
    try:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    except RecursionError:
        text = ""
    if not text or len(text) > LONGEST_USER_DATA or sum(map(text.count, "[{,")) > MOST_USER_VALUES:
        limits = f"at most {LONGEST_USER_DATA} characters of JSON with at most {MOST_USER_VALUES} values are allowed"
        raise WireError(f"user_data: {limits}", "user_data")
    return value


def _id(value: Any, name: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_ID or not value.isprintable():
        raise WireError(f"{name}: 1 to {LONGEST_ID} printable characters are needed", name)
    return value


def _format(value: Any) -> str:
    if value is None:
        return FORMATS[0]
    if value not in FORMATS:
        raise WireError(f"format: allowed are {', '.join(FORMATS)}", "format")
    return str(value)


def _rate(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not LOWEST_RATE <= value <= HIGHEST_RATE:
        raise WireError(f"sample_rate: a whole number from {LOWEST_RATE} to {HIGHEST_RATE} is needed", "sample_rate")
    return value


def _flag(value: Any, name: str) -> bool:
    if value is not None and not isinstance(value, bool):
        raise WireError(f"{name}: true or false is needed", name)
    return bool(value)


def _inner(message: Payload, name: str) -> Payload:
    inner = message.get(name)
    if not isinstance(inner, dict):
        raise WireError(f"{name}: an object is needed", name)
    return inner


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_ID:
        raise WireError(f"{name}: at most {LONGEST_ID} characters of text are needed", name)
    return value


def _digit(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 1 or value not in "0123456789*#ABCD":
        raise WireError("dtmf.digit: one of 0 to 9, *, #, A to D is needed", "dtmf.digit")
    return value
