"""Files with Opus in Ogg: what is written is read back at the same time, also from the middle, and after a crash."""

import io

import av
import numpy as np
import pytest

from streaming.audio.ogg_pages import PageIndex, repair
from streaming.audio.opus_file import OpusReader, OpusWriter
from streaming.audio.pcm import RATE, Samples

ONSETS = (0.5, 3.0, 7.25)


def tones(seconds: float = 9.0) -> Samples:
    """Return silence with a tone of 0.3 s at each onset."""
    samples = np.zeros(int(seconds * RATE), dtype=np.float32)
    tone = 0.5 * np.sin(2 * np.pi * 600 * np.arange(int(0.3 * RATE)) / RATE)
    for at in ONSETS:
        samples[int(at * RATE) : int(at * RATE) + len(tone)] = tone
    return samples


def found(samples: Samples) -> list[float]:
    """Return the onsets in samples."""
    loud = np.flatnonzero(np.abs(samples) > 0.1)
    return [float(at) / RATE for at in loud[np.flatnonzero(np.diff(loud, prepend=-RATE) > 0.2 * RATE)]]


def written(samples: Samples) -> bytes:
    """Return a file with the samples."""
    writer = OpusWriter({"ROOM": "4", "NAME": "Zoë"})
    return writer.head() + writer.write(samples) + writer.finish()


def test_what_is_written_is_read_back() -> None:
    """Sound is at the same times, and the comments are there."""
    reader = OpusReader(io.BytesIO(written(tones())))
    assert reader.comments == {"ROOM": "4", "NAME": "Zoë"}
    assert reader.seconds == pytest.approx(9.0, abs=0.05)
    assert found(reader.read(0, 9 * RATE)) == pytest.approx(ONSETS, abs=0.01)


def test_ffmpeg_reads_it() -> None:
    """The file is Ogg and Opus for other programs."""
    with av.open(io.BytesIO(written(tones()))) as file:
        frames = [frame.to_ndarray()[0] for frame in file.decode(audio=0)]
    samples = np.concatenate(frames)[::3]
    assert found(samples) == pytest.approx(ONSETS, abs=0.02)


@pytest.mark.parametrize("start", [-1.0, 0.0, 2.9, 5.37, 8.9, 30.0])
def test_a_part_is_as_in_the_whole(start: float) -> None:
    """Reading from anywhere gives what the whole has there, and silence outside of the file."""
    reader = OpusReader(io.BytesIO(written(tones())))
    whole, at = np.concatenate((np.zeros(RATE), reader.read(0, 9 * RATE), np.zeros(40 * RATE))), int(start * RATE)
    part = reader.read(at, 2 * RATE)
    assert len(part) == 2 * RATE
    assert np.abs(part - whole[at + RATE : at + 3 * RATE]).max() < 0.001


def test_silence_keeps_the_time() -> None:
    """Long silence, in samples that fill no packet, does not move what follows."""
    samples, writer = tones(), OpusWriter({})
    file = io.BytesIO(writer.head() + writer.write(samples[:777]) + writer.silence(5 * RATE + 13) + writer.write(samples) + writer.finish())
    late = 5 + 790 / RATE
    assert found(OpusReader(file).read(0, 15 * RATE)) == pytest.approx([at + late for at in ONSETS], abs=0.01)
    assert writer.samples == len(samples) + 5 * RATE + 790


@pytest.mark.parametrize("cut", [1, 30, 700, 3000])
def test_a_cut_file_is_repaired(cut: int) -> None:
    """An incomplete page is cut off, and the rest is read."""
    whole = written(tones())
    file = io.BytesIO(whole[:-cut])
    index = repair(file)
    assert index.size == len(file.getvalue()) <= len(whole) - cut
    assert OpusReader(file).seconds == index.seconds


def test_a_damaged_last_page_is_cut_off() -> None:
    """A page with a wrong checksum is not kept."""
    data = bytearray(written(tones()))
    index = PageIndex.read(io.BytesIO(bytes(data)))
    data[index.size - 1] ^= 1
    file = io.BytesIO(bytes(data))
    assert repair(file).ends == index.ends[:-1]


@pytest.mark.parametrize("data", [b"", b"OggS", b"no Ogg at all" * 50, b"OggS" + bytes(400)])
def test_other_files_have_no_audio(data: bytes) -> None:
    """A file that is something else is empty."""
    reader = OpusReader(io.BytesIO(data))
    assert (reader.seconds, reader.read(0, 10).tolist()) == (0.0, [0.0] * 10)
