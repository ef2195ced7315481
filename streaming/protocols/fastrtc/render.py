"""What is said to a client of a stream. Both keys, `data` and `message`, wherever FastRTC's manual and its pages disagree."""

import binascii
import json
from typing import Any
from xml.sax.saxutils import quoteattr

Message = dict[str, Any]

PONG = '{"event":"pong"}'
CLEAR = '{"event":"clear"}'
"""Ours: the user interrupts; a client that plays from a queue of its own should empty it."""


def encode(message: Message) -> str:
    """Return a message as text."""
    return json.dumps(message, separators=(",", ":"))


def media(payload: bytes) -> str:
    """Return a block of mu-law sound, as text."""
    return '{"event":"media","media":{"payload":"' + binascii.b2a_base64(payload, newline=False).decode("ascii") + '"}}'


def telephone_media(payload: bytes, stream_sid: str) -> str:
    """Return a block of mu-law sound for a telephone exchange, as text."""
    sound = binascii.b2a_base64(payload, newline=False).decode("ascii")
    return f'{{"event":"media","streamSid":{json.dumps(stream_sid)},"media":{{"payload":"{sound}"}}}}'


def mark(name: str, stream_sid: str) -> Message:
    """Ask a telephone exchange to say when everything before this was played."""
    return {"event": "mark", "streamSid": stream_sid, "mark": {"name": name}}


def clear(stream_sid: str) -> Message:
    """Ask a telephone exchange to forget the sound it has not played yet."""
    return {"event": "clear", "streamSid": stream_sid}


def error(text: str) -> Message:
    """Say what went wrong."""
    return {"type": "error", "data": text, "message": text}


def warning(text: str) -> Message:
    """Say what does not stop anything."""
    return {"type": "warning", "data": text, "message": text}


def started(format: str, input_rate: int, output_rate: int) -> Message:
    """Tell a client that asked for pcm16 which rates its binary frames have (ours; FastRTC's clients never ask)."""
    rates = {"format": format, "input_sample_rate": input_rate, "output_sample_rate": output_rate}
    return {"type": "log", "data": "started", **rates}


def failed(reason: str, **meta: Any) -> Message:
    """Say that a session did not begin; `reason` is one of FastRTC's words or a sentence."""
    return {"status": "failed", "meta": {"error": reason, **meta}}


def limit_reached(limit: int) -> Message:
    """Say that as many sessions live as the stream allows: with HTTP 429, or before a socket is closed."""
    return failed("concurrency_limit_reached", limit=limit)


def already_exists() -> Message:
    """Say that the id belongs to a living session."""
    return failed("connection_already_exists")


def incoming_call(url: str, parameters: dict[str, str]) -> str:
    """Return the TwiML that connects a call with the socket at `url`; parameters reach us again in its `start`."""
    inside = "".join(f"<Parameter name={quoteattr(name)} value={quoteattr(value)}/>" for name, value in parameters.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><Response><Connect><Stream url={quoteattr(url)}>{inside}</Stream></Connect></Response>'
