"""Makes media files, good and hostile, with PyAV and the standard library."""

import io
import wave
from pathlib import Path

import av
import numpy as np

RATE = 16_000


def tone(seconds: float, rate: int = RATE, channels: int = 1) -> np.ndarray:
    """Return int16 of shape (samples, channels): a tone whose frequency tells the channel."""
    at = np.arange(int(seconds * rate)) / rate
    waves = [np.sin(2 * np.pi * 220 * (channel + 1) * at) for channel in range(channels)]
    return (np.stack(waves, axis=1) * 12_000).astype("<i2")


def wav(samples: np.ndarray, rate: int = RATE) -> bytes:
    """Return a WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()


def encoded(
    path: Path, codec: str, samples: np.ndarray, rate: int = RATE, *, streams: int = 1, picture: bool = False, **metadata: str
) -> Path:
    """Write a file whose container is chosen by its suffix, with the same audio in each stream."""
    layout = "stereo" if samples.shape[1] == 2 else "mono"
    with av.open(str(path), "w") as container:
        container.metadata.update(metadata)
        if picture:
            video = container.add_stream("mpeg4", rate=5)
            video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        outs = [container.add_stream(codec, rate=rate, layout=layout) for _ in range(streams)]
        if picture:
            for _ in range(5):
                container.mux(video.encode(av.VideoFrame(64, 64, "yuv420p")))
            container.mux(video.encode(None))
        for out in outs:
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout=layout)
            frame.sample_rate = rate
            container.mux(out.encode(frame))
            container.mux(out.encode(None))
    return path
