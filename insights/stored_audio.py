"""Stored audio for the API, which says what is wanted. `streaming`, which can decode the files, registers the functions that open it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from insights.models import Conversation, StoredAudio

Stretch = tuple[float, float]
"""Start and end in seconds on the clock of a conversation."""


class AudioFormat(StrEnum):
    """The formats of audio that is sent."""

    WAV = "wav"
    """16-bit PCM, 16 kHz, mono, on the clock of the conversation."""
    OGG = "ogg"
    """Opus in Ogg: the file of one session as it was stored, on the clock of that session."""


class AudioUnreachable(Exception):
    """Files of stored audio are not on this host, or the storage does not answer."""


@dataclass(frozen=True, slots=True)
class AudioWanted:
    """What is sent: of which files, in which format, which stretch (None: all), and the stretches in it that are silent."""

    conversation: Conversation
    audio: Sequence[StoredAudio]
    format: AudioFormat
    stretch: Stretch | None = None
    hidden: Sequence[Stretch] = ()


class AudioContent(Protocol):
    """Audio of which any bytes can be read. The same bytes come every time as long as `etag` is the same."""

    @property
    def size(self) -> int:
        """Number of bytes."""

    @property
    def etag(self) -> str:
        """A value that changes with the content, without quotes."""

    @property
    def content_type(self) -> str:
        """The media type."""

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to `stop` (exclusive), made while they are read."""


Opener = Callable[[AudioWanted], AudioContent]
"""Opens audio. Raises AudioUnreachable."""

_openers: list[Opener] = []


def register(opener: Opener) -> None:
    """Make `opener` the one that opens audio."""
    _openers[:] = [opener]


def open_audio(wanted: AudioWanted) -> AudioContent:
    """Open audio. Raises AudioUnreachable."""
    if not _openers:
        raise AudioUnreachable("stored audio cannot be read in this process")
    return _openers[0](wanted)
