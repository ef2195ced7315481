"""Silence in a file of Opus in Ogg, without a change of the rest."""

import io

import numpy as np
import pytest

from streaming.audio.opus_file import OpusReader, OpusWriter, silenced
from streaming.audio.pcm import RATE, Samples

SECONDS = 6.0


@pytest.fixture(scope="module")
def file() -> bytes:
    """Return a file with a loud tone."""
    writer = OpusWriter({"PARLEY_STARTED_AT": "2026-01-01T00:00:00+00:00"})
    tone = (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(SECONDS * RATE)) / RATE)).astype(np.float32)
    return writer.head() + writer.write(tone) + writer.finish()


def decoded(data: bytes) -> Samples:
    """Return all samples of a file."""
    reader = OpusReader(io.BytesIO(data))
    return reader.read(0, int(SECONDS * RATE))


def loudest(samples: Samples, start: float, end: float) -> float:
    """Return the loudest sample from `start` to `end` (seconds)."""
    return float(np.abs(samples[int(start * RATE) : int(end * RATE)]).max())


def test_stretches_become_silent_and_the_rest_stays(file: bytes) -> None:
    """Stretches that overlap count as one; from 0.3 s behind a stretch on, when a decoder has settled, the sound is that of before."""
    before = decoded(file)
    made = b"".join(silenced(io.BytesIO(file), [(4.0, 4.5), (1.0, 2.0), (1.5, 2.5), (-1.0, -0.5)]))
    after = decoded(made)
    assert loudest(before, 1.0, 2.5) > 0.4
    assert max(loudest(after, 1.02, 2.5), loudest(after, 4.02, 4.5)) < 0.001
    for start, end in ((0.0, 0.97), (2.8, 3.97), (4.8, SECONDS)):
        rest = slice(int(start * RATE), int(end * RATE))
        assert float(np.abs(after[rest] - before[rest]).max()) < 0.02
    assert OpusReader(io.BytesIO(made)).comments == OpusReader(io.BytesIO(file)).comments
    assert OpusReader(io.BytesIO(made)).seconds == OpusReader(io.BytesIO(file)).seconds


def test_a_second_time_changes_nothing(file: bytes) -> None:
    """Silence is replaced by the same silence, and a stretch beside the audio changes no byte."""
    made = b"".join(silenced(io.BytesIO(file), [(1.0, 2.0)]))
    assert made != file
    assert b"".join(silenced(io.BytesIO(made), [(1.0, 2.0)])) == made
    assert b"".join(silenced(io.BytesIO(file), [(SECONDS + 1, SECONDS + 2)])) == file
