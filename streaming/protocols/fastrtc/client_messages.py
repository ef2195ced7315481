"""The messages of clients of a stream's WebSocket and of telephone exchanges, and the error for messages that are not valid."""

from dataclasses import dataclass, field
from typing import Any

FORMATS = ("mulaw", "pcm16")
"""Audio formats: mu-law in base64 inside JSON, as in FastRTC, or 16-bit little-endian samples as binary frames (our extension)."""

LONGEST_MEDIA_BYTES = 96_000
"""Limit of audio in one message: one second of 16-bit samples at 48 kHz, twelve seconds of mu-law at 8 kHz."""


class WireError(ValueError):
    """A message that is not valid. The text is sent to the client; it names the field and what is allowed."""

    def __init__(self, text: str, field: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True, slots=True)
class Start:
    """`start`: the session starts.

    Attributes:
        id: `websocket_id`, or `streamSid` of a telephone call; chosen by the client, 1 to 256 characters.
        format: one of FORMATS.
        sample_rate: rate in Hz of the audio in both directions (our extension); None for the handler's own rates.
        parameters: custom parameters of a telephone call.
        resume: whether the client asks for a resume value, or the value that it presents (our extension).
        user_data: JSON for the handler's context (our extension); None if there is none.
        pauses: whether the client pauses its playback at PAUSE until RESUME (our extension).
    """

    id: str
    format: str = "mulaw"
    sample_rate: int | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    resume: bool | str = False
    user_data: Any = None
    pauses: bool = False


@dataclass(frozen=True, slots=True)
class Media:
    """`media`: mu-law bytes, one per sample; `outbound` if a telephone exchange returns our own audio."""

    payload: bytes
    outbound: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """`stop`: the session ends."""


@dataclass(frozen=True, slots=True)
class Ping:
    """`ping`: the answer is PONG."""


@dataclass(frozen=True, slots=True)
class Mark:
    """`mark`: the telephone has played all audio before the mark of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Dtmf:
    """`dtmf`: a telephone key was pressed: 0 to 9, *, # or A to D."""

    digit: str


@dataclass(frozen=True, slots=True)
class Other:
    """An event that is ignored, such as `connected` of a telephone exchange."""

    event: str


ClientMessage = Start | Media | Stop | Ping | Mark | Dtmf | Other
