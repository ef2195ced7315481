"""The records between the process that decodes a file and the one that reads its audio: a kind, a length and the payload."""

import struct
from dataclasses import dataclass
from typing import BinaryIO, Protocol

HEADER, AUDIO, END, REFUSED = b"H", b"A", b"E", b"R"
"""The kinds: FileHeader as JSON, once; a block of interleaved int16 at 16 kHz; the end; why the file cannot be used, as text."""
RATE = 16_000
"""Samples per second after decoding, as in `streaming.audio.pcm`, which loads numpy."""
MOST_BYTES = 4 * 1024 * 1024
"""Largest payload. The reader does not trust the writer, which parses hostile bytes."""

_HEAD = struct.Struct(">cI")


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """Whether two channels stay separate, and what a file may have at most: seconds, streams, channels, samples per second."""

    separate: bool = False
    seconds: float = 4 * 3600.0
    streams: int = 32
    channels: int = 2
    least_rate: int = 8_000
    most_rate: int = 96_000


@dataclass(frozen=True, slots=True)
class FileHeader:
    """Channels of the decoded audio; what the container says: its seconds or None, when the recording began (ISO 8601) or ""."""

    channels: int
    seconds: float | None
    created: str


def write_record(sink: BinaryIO, kind: bytes, payload: bytes) -> None:
    """Write one record to an unbuffered file; waits while the reader is behind."""
    rest = memoryview(_HEAD.pack(kind, len(payload)) + payload)
    while rest:
        rest = rest[sink.write(rest) :]


class Source(Protocol):
    """Where records are read from; `read` returns less than it was asked for only at the end."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes."""


def read_record(source: Source) -> tuple[bytes, bytes] | None:
    """Return the next record, None if it ends. Raises ValueError for bytes that are no record."""
    head = source.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    kind, length = _HEAD.unpack(head)
    if kind not in (HEADER, AUDIO, END, REFUSED) or length > MOST_BYTES:
        raise ValueError("not a record of a decoded file")
    payload = source.read(length)
    return (kind, payload) if len(payload) == length else None
