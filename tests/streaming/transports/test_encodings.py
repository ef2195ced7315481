"""Every encoding of the protocol, over the socket, with the real decoder."""

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
import pytest

from tests.servers import Server
from tests.streaming.transports.client import connected, noise

SECONDS = 4.4


def pcm(rate: int) -> np.ndarray:
    """Return audio that the scripted recogniser treats as speech: int16, mono."""
    return np.frombuffer(noise(SECONDS, rate), dtype="<i2")


def packets(codec: str, rate: int, options: dict[str, str] | None = None) -> Iterator[bytes]:
    """Return the packets of an encoder."""
    context = av.CodecContext.create(codec, "w")
    context.sample_rate, context.layout, context.format = rate, "mono", "s16"
    context.time_base = Fraction(1, rate)
    context.options = options or {}
    context.open()
    size = context.frame_size or 1024
    samples = pcm(rate)
    for at in range(0, len(samples) - size, size):
        frame = av.AudioFrame.from_ndarray(samples[at : at + size].reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
        for packet in context.encode(frame):
            yield bytes(packet)
    for packet in context.encode(None):
        yield bytes(packet)


def flac_file() -> bytes:
    """Return a FLAC stream with its header."""
    import io

    out = io.BytesIO()
    with av.open(out, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(pcm(16_000).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def pieces(data: bytes, size: int = 4096) -> Iterator[bytes]:
    """Cut bytes into chunks."""
    for at in range(0, len(data), size):
        yield data[at : at + size]


def mulaw(rate: int) -> bytes:
    """Return audio in mu-law, by the formula of G.711."""
    samples = np.clip(pcm(rate).astype(np.int32), -32635, 32635)
    sign = np.where(samples < 0, 0x80, 0)
    magnitude = np.abs(samples) + 132
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return bytes((~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8))


CASES = {
    "LINEAR16 8 kHz": ("LINEAR16", 8000, lambda: pieces(noise(SECONDS, 8000))),
    "LINEAR16 44.1 kHz": ("linear16", 44100, lambda: pieces(noise(SECONDS, 44100))),
    "LINEAR16 48 kHz": ("LINEAR16", 48000, lambda: pieces(noise(SECONDS, 48000))),
    "MULAW": ("MULAW", 8000, lambda: pieces(mulaw(8000), 800)),
    "FLAC": ("FLAC", 16000, lambda: pieces(flac_file())),
    "Opus packets": ("Opus", 48000, lambda: packets("libopus", 48000, {"frame_duration": "20"})),
    "OPUS packets at 16 kHz": ("OPUS", 16000, lambda: packets("libopus", 16000, {"frame_duration": "20"})),
}


@pytest.mark.parametrize("case", CASES)
async def test_an_encoding_is_decoded(live: Server, live_token: str, case: str) -> None:
    """Four seconds of audio in this encoding give two sentences, and no error."""
    encoding, rate, chunks = CASES[case]
    async with connected(live, live_token) as client:
        await client.start(config={"speechRecognition": {"encoding": encoding, "sampleRateHertz": rate}})
        for chunk in chunks():
            await client.socket.send(chunk)
        await client.wait("message_response", 2)
        await client.stop()
    assert client.said()[:2] == ["Shall we start with the budget?", "I will send the report to Maria by Friday."]
    assert not client.of("error")
