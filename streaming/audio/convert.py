"""Converts the audio of handlers, (rate, array), to other forms: int16, float32, MP3. Pure functions."""

from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from streaming.audio.rates import Converter, Pcm

Audio = tuple[int, NDArray[Any]]
"""Samples per second, and samples of shape (n,) or (1, n), int16 or float32 in [-1, 1]."""

UNSUPPORTED = "Unsupported audio data type"
"""Begins the message of a TypeError, as in FastRTC: programs may look for it."""
_FULL_SCALE = 32767
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


def audio_to_int16(audio: NDArray[Any] | Audio) -> NDArray[np.int16]:
    """Return samples as int16, in the same shape; floats outside [-1, 1] are clipped.

    Raises TypeError for anything but int16 and floats.
    """
    array = _array(audio)
    if array.dtype == np.int16:
        return array
    if array.dtype.kind == "f":
        scaled = np.clip(np.nan_to_num(array), -1.0, 1.0) * _FULL_SCALE
        whole: NDArray[np.int16] = np.rint(scaled).astype(np.int16)
        return whole
    raise TypeError(f"{UNSUPPORTED}: {array.dtype}, not int16 or float32")


def audio_to_float32(audio: NDArray[Any] | Audio) -> NDArray[np.float32]:
    """Return samples as float32 in [-1, 1], in the same shape. Raises TypeError for anything but int16 and floats."""
    array = _array(audio)
    if array.dtype == np.int16:
        return array.astype(np.float32) / np.float32(32768)
    if array.dtype.kind == "f":
        return array.astype(np.float32, copy=False)
    raise TypeError(f"{UNSUPPORTED}: {array.dtype}, not int16 or float32")


def mono(rate: int, array: NDArray[Any], layout: str = "mono") -> Pcm:
    """Return the audio of a handler as int16 of shape (n,); two channels are mixed.

    Mono may have the shape (n,), (1, n) or (n, 1); `layout` "stereo" the shape (2, n), or interleaved (1, 2n) or (2n,). `rate` is in Hz,
    from 1000 to 384000. Raises ValueError or TypeError for anything else.
    """
    plain = layout != "stereo" and type(array) is np.ndarray and array.ndim == 1 and array.dtype == np.int16
    if plain and type(rate) is int and 1000 <= rate <= 384_000:
        return array  # the usual case, without a copy
    if isinstance(rate, bool) or not isinstance(rate, int | np.integer) or not 1000 <= rate <= 384_000:
        raise ValueError(f"audio: the first value must be a sample rate from 1000 to 384000, not {rate!r}")
    if not isinstance(array, np.ndarray) or array.ndim > 2:
        raise ValueError("audio: the second value must be an array of shape (n,) or (1, n)")
    samples = audio_to_int16(array)
    if layout == "stereo":
        pair = samples.T if samples.ndim == 2 and samples.shape[0] == 2 else samples.reshape(-1, 2)
        mixed: Pcm = (pair.astype(np.int32).sum(axis=1) // 2).astype(np.int16)
        return mixed
    if samples.ndim == 2 and 1 not in samples.shape:
        raise ValueError(f"audio: {samples.shape} is no shape of mono audio; yield (rate, array, 'stereo') for two channels")
    return samples.reshape(-1)


def audio_to_bytes(audio: Audio) -> bytes:
    """Return audio as the bytes of an MP3 file, for example to upload it to a service."""
    rate, array = audio
    samples = mono(int(rate), array)
    if rate not in _MP3_RATES:
        nearest = next((known for known in _MP3_RATES if known > rate), _MP3_RATES[-1])
        converter = Converter(nearest)
        samples = np.concatenate((converter.push(samples, int(rate)), converter.flush()))
        rate = nearest
    out = BytesIO()
    with av.open(out, "w", format="mp3") as container:
        stream = container.add_stream("mp3", rate=int(rate), layout="mono")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="s16", layout="mono")
        frame.sample_rate = int(rate)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return out.getvalue()


def aggregate_bytes_to_16bit(chunks_iterator: Iterator[bytes]) -> Iterator[NDArray[np.int16]]:
    """Yield int16 arrays of shape (1, n) from chunks of bytes that may end in the middle of a sample."""
    rest = b""
    for chunk in chunks_iterator:
        whole, rest = _whole_samples(rest + chunk)
        if len(whole):
            yield whole


async def async_aggregate_bytes_to_16bit(chunks_iterator: AsyncIterator[bytes]) -> AsyncIterator[NDArray[np.int16]]:
    """Yield int16 arrays of shape (1, n) from chunks of bytes that may end in the middle of a sample."""
    rest = b""
    async for chunk in chunks_iterator:
        whole, rest = _whole_samples(rest + chunk)
        if len(whole):
            yield whole


def _whole_samples(data: bytes) -> tuple[NDArray[np.int16], bytes]:
    end = len(data) - len(data) % 2
    samples: NDArray[np.int16] = np.frombuffer(data[:end], dtype="<i2").astype(np.int16)
    return samples.reshape(1, -1) if end else samples, data[end:]


def _array(audio: NDArray[Any] | Audio) -> NDArray[Any]:
    return audio[1] if isinstance(audio, tuple) else audio
