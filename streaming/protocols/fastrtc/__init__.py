"""The FastRTC protocol: WebSockets, telephones, offers, input hooks and server-sent events, compatible with FastRTC's clients.

Sans-I/O: text, bytes and dictionaries in and out. `docs/reference/fastrtc.md` lists what is supported and what differs.
"""

from streaming.protocols.fastrtc.bodies import BodyError, Detail, body_object, invalid_detail, missing_detail, resume, webrtc_id
from streaming.protocols.fastrtc.events import HEARTBEAT, ended_event, last_event_id, output_text, plain, server_sent
from streaming.protocols.fastrtc.messages import (
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
from streaming.protocols.fastrtc.parsing import parse
from streaming.protocols.fastrtc.render import (
    CLEAR,
    PONG,
    already_exists,
    clear,
    encode,
    error,
    failed,
    incoming_call,
    limit_reached,
    mark,
    media,
    started,
    telephone_media,
    warning,
)
from streaming.protocols.fastrtc.twilio import is_signed

__all__ = [
    "CLEAR",
    "FORMATS",
    "HEARTBEAT",
    "LONGEST_MEDIA_BYTES",
    "PONG",
    "BodyError",
    "ClientMessage",
    "Detail",
    "Dtmf",
    "Mark",
    "Media",
    "Other",
    "Ping",
    "Start",
    "Stop",
    "WireError",
    "already_exists",
    "body_object",
    "clear",
    "encode",
    "ended_event",
    "error",
    "failed",
    "incoming_call",
    "invalid_detail",
    "is_signed",
    "last_event_id",
    "limit_reached",
    "mark",
    "media",
    "missing_detail",
    "output_text",
    "parse",
    "plain",
    "resume",
    "server_sent",
    "started",
    "telephone_media",
    "warning",
    "webrtc_id",
]
