"""Messages to a client of a stream. They have both keys, `data` and `message`, where FastRTC's manual and its pages disagree."""

import binascii
import json
from xml.sax.saxutils import quoteattr

from streaming.protocols.json_message import JsonMessage

PONG = '{"event":"pong"}'
CLEAR = '{"event":"clear"}'
"""Our extension: the user interrupts; a client with a playback queue should empty it."""
PAUSE = '{"event":"pause"}'
"""Our extension, for clients that ask for it: play nothing until RESUME or CLEAR, and keep what is not played."""
RESUME = '{"event":"resume"}'
"""Our extension, after PAUSE: play on."""


def encode(message: JsonMessage) -> str:
    """Return a message as JSON text."""
    return json.dumps(message, separators=(",", ":"))


def media(payload: bytes) -> str:
    """Return a block of mu-law audio as JSON text."""
    return '{"event":"media","media":{"payload":"' + binascii.b2a_base64(payload, newline=False).decode("ascii") + '"}}'


def telephone_media(payload: bytes, stream_sid: str) -> str:
    """Return a block of mu-law audio for a telephone exchange as JSON text."""
    encoded = binascii.b2a_base64(payload, newline=False).decode("ascii")
    return f'{{"event":"media","streamSid":{json.dumps(stream_sid)},"media":{{"payload":"{encoded}"}}}}'


def mark(name: str, stream_sid: str) -> JsonMessage:
    """Return a request to a telephone exchange to report when all audio before the mark was played."""
    return {"event": "mark", "streamSid": stream_sid, "mark": {"name": name}}


def clear(stream_sid: str) -> JsonMessage:
    """Return a request to a telephone exchange to drop the audio that was not played yet."""
    return {"event": "clear", "streamSid": stream_sid}


def error(text: str) -> JsonMessage:
    """Return an error message."""
    return {"type": "error", "data": text, "message": text}


def warning(text: str) -> JsonMessage:
    """Return a warning; the session continues."""
    return {"type": "warning", "data": text, "message": text}


def started(format: str, input_rate: int, output_rate: int, resume: str = "") -> JsonMessage:
    """Return the rates in Hz of the audio, for a client that requested pcm16 or a resume value (our extensions)."""
    rates = {"format": format, "input_sample_rate": input_rate, "output_sample_rate": output_rate}
    return {"type": "log", "data": "started", **rates, **({"resume": resume} if resume else {})}


def failed(reason: str, **meta: object) -> JsonMessage:
    """Return the message that a session did not start; `reason` is one of FastRTC's error codes or a sentence."""
    return {"status": "failed", "meta": {"error": reason, **meta}}


def limit_reached(limit: int) -> JsonMessage:
    """Return the message that the stream's limit of sessions is reached: sent with HTTP 429, or before a socket is closed."""
    return failed("concurrency_limit_reached", limit=limit)


def already_exists() -> JsonMessage:
    """Return the message that a session with this id already exists."""
    return failed("connection_already_exists")


def incoming_call(url: str, parameters: dict[str, str]) -> str:
    """Return the TwiML that connects a call to the WebSocket at `url`; its `start` message returns the parameters."""
    inside = "".join(f"<Parameter name={quoteattr(name)} value={quoteattr(value)}/>" for name, value in parameters.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><Response><Connect><Stream url={quoteattr(url)}>{inside}</Stream></Connect></Response>'
