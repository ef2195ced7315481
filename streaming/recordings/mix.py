"""The mix of the recorded sessions of a conversation, on its clock, as a WAV file of which any part is made when it is read.

A WAV file has its size and the place of every sample in advance, so nothing is made before it is wanted, and nothing is kept. Audio is
made in blocks on a fixed grid, each decoded separately, so that a byte is the same in every response.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from insights.stored_audio import AudioContent, AudioFormat, AudioUnreachable, AudioWanted, Stretch
from streaming.audio.opus_file import OpusReader
from streaming.audio.pcm import RATE, Samples
from streaming.recordings import files

BLOCK_S = 4
_BLOCK = BLOCK_S * RATE
_HEADER = 44
_BYTES = 2
_MOST = 2**32 - 1
_FILE_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class MixPart:
    """One file, and the time of its first sample on the clock of the conversation, in seconds."""

    path: Path
    offset: float
    seconds: float


def silence(samples: Samples, start_s: float, hidden: Sequence[Stretch]) -> None:
    """Set the samples of hidden stretches to zero; `start_s` is the time of the first sample."""
    for begin, end in hidden:
        first, last = round((begin - start_s) * RATE), round((end - start_s) * RATE)
        if last > 0 and first < len(samples):
            samples[max(0, first) : last] = 0.0


class WavMix:
    """The sum of several files from `start` to `end`, in seconds on the clock of the conversation."""

    content_type = "audio/wav"

    def __init__(self, parts: Sequence[MixPart], stretch: Stretch, hidden: Sequence[Stretch], etag: str) -> None:
        self._parts, self._hidden = parts, hidden
        self._first = round(stretch[0] * RATE)
        self._count = max(0, round(stretch[1] * RATE) - self._first)
        self.size = _HEADER + self._count * _BYTES
        self.etag = etag

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to `stop` (exclusive)."""
        if start < _HEADER:
            yield self._header()[start:stop]
        begin, end = max(0, start - _HEADER), min(stop, self.size) - _HEADER
        if begin >= end:
            return
        with ExitStack() as opened:
            readers = [(OpusReader(opened.enter_context(open(part.path, "rb"))), part) for part in self._parts]
            first, last = begin // _BYTES + self._first, -(-end // _BYTES) + self._first
            for block in range(first // _BLOCK, -(-last // _BLOCK)):
                at = block * _BLOCK
                pcm = self._block(readers, at)
                low, high = max(first, at), min(last, at + _BLOCK)
                data = pcm[low - at : high - at].tobytes()
                from_byte = max(0, begin - (low - self._first) * _BYTES)
                yield data[from_byte : end - (low - self._first) * _BYTES]

    def _block(self, readers: Sequence[tuple[OpusReader, MixPart]], at: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.int16]]":
        total = np.zeros(_BLOCK, dtype=np.float32)
        for reader, part in readers:
            place = round(part.offset * RATE)
            if place < at + _BLOCK and place + part.seconds * RATE > at:
                total += reader.read(at - place, _BLOCK)
        silence(total, at / RATE, self._hidden)
        return (np.clip(total, -1.0, 1.0) * 32767).astype("<i2")

    def _header(self) -> bytes:
        data = min(self._count * _BYTES, _MOST - _HEADER)
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE * _BYTES, _BYTES, 16)
        return struct.pack("<4sI4s", b"RIFF", data + _HEADER - 8, b"WAVE") + form + struct.pack("<4sI", b"data", data)


class StoredFile:
    """One file as it was stored."""

    content_type = "audio/ogg"

    def __init__(self, path: Path, size: int, etag: str) -> None:
        self._path, self.size, self.etag = path, size, etag

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to `stop` (exclusive)."""
        with open(self._path, "rb") as file:
            file.seek(start)
            while start < stop and (data := file.read(min(_FILE_PIECE, stop - start))):
                start += len(data)
                yield data


def open_audio(wanted: AudioWanted) -> AudioContent:
    """Return the audio that is wanted. Raises AudioUnreachable if a file of it is not here."""
    try:
        parts = [_part(wanted, index) for index in range(len(wanted.audio))]
    except OSError as error:
        raise AudioUnreachable(f"stored audio cannot be read ({type(error).__name__})") from None
    sizes = [(part.path.name, part.path.stat().st_size, round(part.seconds, 3), round(part.offset, 3)) for part in parts]
    etag = hashlib.sha256(repr((sizes, wanted.format, wanted.stretch, list(wanted.hidden))).encode()).hexdigest()[:32]
    if wanted.format is AudioFormat.OGG:
        (part,) = parts
        return StoredFile(part.path, part.path.stat().st_size, etag)
    end = max((part.offset + part.seconds for part in parts), default=0.0)
    start, stop = wanted.stretch or (0.0, end)
    return WavMix(parts, (max(0.0, start), max(0.0, min(stop, end))), wanted.hidden, etag)


def _part(wanted: AudioWanted, index: int) -> MixPart:
    """Return one file with its place; what is being recorded has both in the file."""
    audio = wanted.audio[index]
    path = files.path_for_reading(audio)
    if path is None:
        raise AudioUnreachable(
            "a file of the stored audio is not here: while it is recorded, and until it is stored, only its own host has it"
        )
    started_at, seconds = audio.started_at, audio.seconds
    if audio.state == audio.State.RECORDING:
        started_at, seconds = files.facts_of(path, started_at)
    return MixPart(path, (started_at - wanted.conversation.started_at).total_seconds(), seconds)
