"""Audio for the tests of decoders, and encoders that make streams of it."""

import io

import av
import numpy as np
from numpy.typing import NDArray

from streaming.audio.pcm import Samples


def tone(seconds: float, hertz: float = 220.0, rate: int = 16_000) -> NDArray[np.int16]:
    """Return a sine with a little noise, so that encoders have work to do."""
    time = np.arange(int(seconds * rate)) / rate
    noise = np.random.default_rng(7).normal(size=len(time)) * 200
    return (np.sin(2 * np.pi * hertz * time) * 8000 + noise).astype(np.int16)


def encoded(audio: NDArray[np.int16], container: str, codec: str, rate: int = 16_000, **options: str) -> bytes:
    """Return the audio (16 kHz) as a whole stream in a container."""
    file = io.BytesIO()
    with av.open(file, "w", format=container, options=options) as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        for frame in resampled(audio, "flt" if codec == "libopus" else "s16", rate):
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


def resampled(audio: NDArray[np.int16], sample_format: str, rate: int, layout: str = "mono") -> list[av.AudioFrame]:
    """Return the audio (16 kHz) as frames of another format and rate."""
    frame = av.AudioFrame.from_ndarray(audio[None], format="s16", layout="mono")
    frame.sample_rate = 16_000
    resampler = av.AudioResampler(format=sample_format, layout=layout, rate=rate)
    return resampler.resample(frame) + resampler.resample(None)


def opus_packets(audio: NDArray[np.int16], layout: str = "mono") -> list[bytes]:
    """Return the audio (16 kHz) as bare Opus packets of 20 ms at 48 kHz."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, layout, "s16"
    encoder.open()
    fifo = av.AudioFifo()
    for frame in resampled(audio, "s16", 48_000, layout):
        frame.pts = None
        fifo.write(frame)
    packets = [packet for frame in fifo.read_many(960) for packet in encoder.encode(frame)]
    return [bytes(packet) for packet in packets]


def best_correlation(output: Samples, audio: NDArray[np.int16]) -> float:
    """Return the correlation at the best of the delays that codecs add (up to 20 ms), 1.0 for equal audio."""
    middle = slice(2_000, min(len(output), len(audio)) - 2_000)
    wanted = audio[middle].astype(np.float64)
    return max(float(np.corrcoef(np.roll(output, -delay)[middle], wanted)[0, 1]) for delay in range(-20, 320))
