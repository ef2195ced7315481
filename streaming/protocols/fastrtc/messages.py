"""What a client of a stream's socket, or a telephone exchange, may say; and what is said to it when it says it wrongly."""

from dataclasses import dataclass, field

FORMATS = ("mulaw", "pcm16")
"""How sound travels: mu-law in base64 inside JSON, as FastRTC has it; or 16-bit little-endian samples as binary frames (ours)."""

LONGEST_MEDIA_BYTES = 96_000
"""Sound in one message: a second of 16-bit samples at 48 kHz, twelve of mu-law at 8 kHz."""


class WireError(ValueError):
    """A message that means nothing; the text is for the client: it names the field and what is allowed."""

    def __init__(self, text: str, field: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True, slots=True)
class Start:
    """`start`: the session begins.

    Attributes:
        id: `websocket_id`, or a telephone's `streamSid`; chosen by the client, 1 to 256 characters.
        format: one of FORMATS.
        sample_rate: Hz of the client's sound and of ours to it (ours); None for the handler's own rates.
        parameters: a telephone's custom parameters, text by text.
    """

    id: str
    format: str = "mulaw"
    sample_rate: int | None = None
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Media:
    """`media`: mu-law bytes, one per sample; `outbound` where a telephone exchange sends us our own sound."""

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
    """`mark`: a telephone has played everything before the mark of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Dtmf:
    """`dtmf`: a key of the telephone was pressed: 0 to 9, * or #, A to D."""

    digit: str


@dataclass(frozen=True, slots=True)
class Other:
    """An event that concerns nobody here, such as a telephone's `connected`."""

    event: str


ClientMessage = Start | Media | Stop | Ping | Mark | Dtmf | Other
