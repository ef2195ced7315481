"""Conversions of audio."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.audio.convert import (
    aggregate_bytes_to_16bit,
    async_aggregate_bytes_to_16bit,
    audio_to_bytes,
    audio_to_float32,
    audio_to_int16,
    mono,
)

RATE = 24_000


@given(st.lists(st.floats(allow_nan=True, width=32), max_size=50))
def test_floats_of_any_size_become_samples(values: list[float]) -> None:
    """A float louder than full scale is clipped, never wrapped: the sign stays, silence stays silence."""
    array = np.array(values, dtype=np.float32)
    whole = audio_to_int16(array)
    assert whole.dtype == np.int16
    for value, sample in zip(np.nan_to_num(array), whole, strict=True):
        assert sample == round(max(-1.0, min(1.0, float(value))) * 32767)


def test_round_trip() -> None:
    """int16 to float32 and back is within one step; the shape stays."""
    samples = np.arange(-32768, 32768, 7, dtype=np.int16).reshape(1, -1)
    there = audio_to_float32((RATE, samples))
    assert there.dtype == np.float32
    assert there.shape == samples.shape
    assert np.abs(audio_to_int16((RATE, there)).astype(int) - samples).max() <= 1
    assert audio_to_int16(samples) is samples
    assert audio_to_float32(there) is there


@pytest.mark.parametrize("convert", [audio_to_int16, audio_to_float32])
def test_other_types(convert: Any) -> None:
    """Any other type is refused."""
    with pytest.raises(TypeError, match="Unsupported audio data type: int32, not int16 or float32"):
        convert(np.zeros(3, dtype=np.int32))


@pytest.mark.parametrize(
    ("array", "layout", "wanted"),
    [
        ([1, 2, 3], "mono", [1, 2, 3]),
        ([[1, 2, 3]], "mono", [1, 2, 3]),
        ([[1], [2]], "mono", [1, 2]),
        ([[2, 4], [4, 8]], "stereo", [3, 6]),
        ([[2, 4, 6, 8]], "stereo", [3, 7]),
        ([32767, 32767], "stereo", [32767]),
    ],
)
def test_to_mono(array: Any, layout: str, wanted: list[int]) -> None:
    """One channel has shape (n,), two are mixed."""
    assert mono(RATE, np.array(array, dtype=np.int16), layout).tolist() == wanted


@pytest.mark.parametrize(("rate", "shape"), [(0, (3,)), (True, (3,)), ("x", (3,)), (RATE, (2, 3)), (RATE, (1, 2, 3)), (10**6, (3,))])
def test_invalid_audio(rate: Any, shape: Any) -> None:
    """The error says what is expected."""
    with pytest.raises(ValueError, match="audio"):
        mono(rate, np.zeros(shape, dtype=np.int16))


@pytest.mark.parametrize("rate", [RATE, 16_000, 20_000])
def test_mp3(rate: int) -> None:
    """The bytes are an MP3 file of the audio, at a rate that MP3 has."""
    wave = (np.sin(np.arange(rate) / rate * 2 * np.pi * 440) * 8000).astype(np.int16)
    with av.open(BytesIO(audio_to_bytes((rate, wave.reshape(1, -1))))) as file:
        stream = file.streams.audio[0]
        seconds = sum(frame.samples / frame.sample_rate for frame in file.decode(stream))
        assert stream.codec_context.name.startswith("mp3")
    assert seconds == pytest.approx(1.0, abs=0.1)


@given(st.lists(st.binary(max_size=7), max_size=12))
def test_bytes_that_end_in_mid_sample(chunks: list[bytes]) -> None:
    """The samples are those of the whole, however the bytes are cut; an odd last byte is kept."""
    whole = b"".join(chunks)
    expected = np.frombuffer(whole[: len(whole) // 2 * 2], dtype="<i2").tolist()
    arrays = list(aggregate_bytes_to_16bit(iter(chunks)))
    assert all(array.shape[0] == 1 for array in arrays)
    assert [int(sample) for array in arrays for sample in array[0]] == expected


async def test_bytes_from_an_async_source() -> None:
    """An asynchronous source gives the same samples."""

    async def source() -> AsyncIterator[bytes]:
        for chunk in (b"\x01", b"\x00\x02", b"\x00", b"\x03"):
            yield chunk

    arrays = [array.tolist() async for array in async_aggregate_bytes_to_16bit(source())]
    assert arrays == [[[1]], [[2]]]
