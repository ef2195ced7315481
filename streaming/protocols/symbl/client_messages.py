"""The messages of a Symbl client as frozen dataclasses. The defaults are those of the published protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from insights import insight_kinds

ENCODINGS = ("LINEAR16", "MULAW", "FLAC", "OPUS")
"""The encodings of the protocol, in upper case; clients may use any case."""

CONTAINERS = ("WEBM_OPUS", "OGG_OPUS")
"""Other names of OPUS that clients use: the decoder detects the container by its first bytes."""

Attribute = str | int | float | bool
"""The value of a speaker's further field."""


def insight_types() -> tuple[str, ...]:
    """Return the values allowed in `insightTypes`."""
    return (*insight_kinds.wire_types(), insight_kinds.TOPIC)


@dataclass(frozen=True, slots=True)
class StartSpeaker:
    """The speaker of a WebSocket; each field may be "". `user_id` is the e-mail address if the client sent no user id.

    `attributes` are the further fields of the client, which it gets back wherever this speaker is named.
    """

    user_id: str = ""
    name: str = ""
    email: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrackerSpec:
    """One tracker of a start_request: find these phrases (1 to 50) and report them under this name."""

    name: str
    vocabulary: tuple[str, ...]
    id: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A field of an accepted request that has not its full effect, and a sentence that says so."""

    field: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A `start_request`: the options of the client and the format of its audio.

    `confidence_threshold` is in [0, 1], `sample_rate` in Hz, `timezone_offset` in minutes from UTC; the timeouts are in seconds, 0 to
    1800; `no_connection_timeout` is None if the client sent none. Whether the recogniser supports the language, and the encoding the
    rate, is checked elsewhere.
    """

    insight_types: frozenset[str] = frozenset()
    confidence_threshold: float = 0.5
    language: str = "en-US"
    encoding: str = "LINEAR16"
    sample_rate: int = 16000
    speaker: StartSpeaker | None = None
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
    """The text that replaces redacted words; empty if nothing is redacted."""
    audio_age: float | None = None
    """Our extension: how many seconds ago the first sample that will be sent was recorded; None if the client does not say."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    webhook_url: str = ""
    detect_phrases: bool = False
    store_audio: bool | None = None
    diarization: bool = False
    """Our extension: whether several people speak in the audio, who are told apart."""
    diarization_count: int | None = None
    """Our extension: how many people speak; None if the client does not say."""
    translate: bool = False
    """Our extension: whether messages in another language have a translation into English."""
    notices: tuple[Notice, ...] = ()
    """What the client is warned about."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A `stop_request`: the client sends no more audio."""


@dataclass(frozen=True, slots=True)
class Modify:
    """A `modify_request`: the encoding and rate (Hz) of later audio; None keeps the current value. At least one field is set.

    `audio_gap` (our extension): seconds between the last sample that was sent and the next one, which were not recorded or are not sent.
    """

    encoding: str | None = None
    sample_rate: int | None = None
    audio_gap: float | None = None


@dataclass(frozen=True, slots=True)
class Audio:
    """A binary frame with audio in the announced encoding; its size is not limited here. `arrived` is in seconds of a steady clock."""

    chunk: bytes
    arrived: float | None = None


@dataclass(frozen=True, slots=True)
class Ping:
    """The text `__PING__`; the answer is `__PONG__`."""


ClientMessage = Start | Stop | Modify | Audio | Ping
