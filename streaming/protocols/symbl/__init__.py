"""The Symbl protocol: parses the messages of clients into typed messages, and renders events as messages to clients.

Sans-I/O: text, bytes and dictionaries in and out. `docs/reference/websocket.md` lists what is supported and what differs.
"""

from streaming.protocols.symbl.events import View, render_event, tracker_response
from streaming.protocols.symbl.fields import WireError
from streaming.protocols.symbl.messages import (
    ENCODINGS,
    Audio,
    ClientMessage,
    Modify,
    Notice,
    Ping,
    Start,
    StartSpeaker,
    Stop,
    TrackerSpec,
    insight_types,
)
from streaming.protocols.symbl.parsing import after, connection_id, parse
from streaming.protocols.symbl.render import (
    PONG,
    Message,
    audio_recording,
    conversation_completed,
    conversation_created,
    conversation_deleted,
    encode,
    error_envelope,
    error_top,
    job_progress,
    recognition_result,
    recognition_started,
    recognition_stopped,
    session_modified,
    started_listening,
    user,
    warning,
)

__all__ = [
    "ENCODINGS",
    "PONG",
    "Audio",
    "ClientMessage",
    "Message",
    "Modify",
    "Notice",
    "Ping",
    "StartSpeaker",
    "Start",
    "Stop",
    "TrackerSpec",
    "View",
    "WireError",
    "after",
    "connection_id",
    "conversation_completed",
    "conversation_created",
    "conversation_deleted",
    "encode",
    "error_envelope",
    "error_top",
    "insight_types",
    "job_progress",
    "parse",
    "recognition_result",
    "recognition_started",
    "recognition_stopped",
    "render_event",
    "audio_recording",
    "session_modified",
    "started_listening",
    "tracker_response",
    "user",
    "warning",
]
