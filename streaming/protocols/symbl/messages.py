"""What a Symbl client may say, as frozen values; the defaults are those of the published protocol."""

from dataclasses import dataclass

INSIGHT_TYPES = ("question", "action_item", "follow_up", "topic")
"""The words allowed in `insightTypes`."""

ENCODINGS = ("LINEAR16", "MULAW", "FLAC", "OPUS")
"""The encodings of the protocol, as this room spells them; clients may use any case."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks on a socket; each part may be "". `user_id` is the e-mail address where only that was sent."""

    user_id: str = ""
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class TrackerSpec:
    """One tracker of a start_request: find these phrases (1 to 50) and report them under this name."""

    name: str
    vocabulary: tuple[str, ...]
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A `start_request`: what the client wants and what it is about to send.

    confidence_threshold is within [0, 1]; sample_rate in Hz; timezone_offset in minutes from UTC; the timeouts in seconds, 0
    to 1800, no_connection_timeout None where the client said nothing. Whether the recogniser knows the language, and
    whether the encoding allows the rate, is not decided here.
    """

    insight_types: frozenset[str] = frozenset()
    confidence_threshold: float = 0.5
    language: str = "en-US"
    encoding: str = "LINEAR16"
    sample_rate: int = 16000
    speaker: Speaker | None = None
    vocabulary: tuple[str, ...] = ()
    trackers: tuple[TrackerSpec, ...] = ()
    tracker_interims: bool = False
    all_trackers: bool = False
    meeting_title: str | None = None
    timezone_offset: int | None = None
    no_connection_timeout: int | None = None
    disconnect_on_stop: bool = True
    stop_timeout: int = 1800
    detect_entities: bool = False
    sentiment: bool = False
    redaction: str = ""
    """What hidden words are replaced by; empty: nothing is hidden."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A `stop_request`: the client has said everything."""


@dataclass(frozen=True, slots=True)
class Modify:
    """A `modify_request`: later audio has this encoding and rate; None keeps what was there. One of the two is set."""

    encoding: str | None = None
    sample_rate: int | None = None


@dataclass(frozen=True, slots=True)
class Audio:
    """A binary frame, in the encoding that was announced; its size is not limited here."""

    chunk: bytes


@dataclass(frozen=True, slots=True)
class Ping:
    """The text `__PING__`, to be answered with `__PONG__`."""


ClientMessage = Start | Stop | Modify | Audio | Ping
