"""Pictures and audio between a page, which has them as data URLs, and a handler, which has arrays or files."""

import hashlib
import io
import mimetypes
import wave
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any, TypedDict

import av
import numpy as np
from numpy.typing import NDArray

from streaming.audio.convert import mono
from streaming.audio.temporary_files import temporary_file

MOST_BYTES = 8_000_000
"""Bytes of one picture or audio clip for a page."""
MOST_PIXELS = 25_000_000
"""Pixels of a picture of a page: a few kilobytes can encode one that fills the memory."""
MOST_S = 600.0
"""Seconds of audio of a page, for the same reason."""


class PageMedia(TypedDict):
    """A picture, audio clip or file on a page. `data` is a data URL; the page need not send it back, since it knows it by the id."""

    media: str
    id: str
    name: str
    data: str


class MediaError(ValueError):
    """A picture, audio clip or file that cannot be read or shown."""


def picture(value: Any) -> PageMedia:
    """Return a picture for the page: an array (uint8 of shape (height, width), or (height, width, 3 or 4), RGB), a PIL image or a file."""
    if callable(save := getattr(value, "save", None)) and hasattr(value, "mode"):
        file = io.BytesIO()
        save(file, format="PNG")
        return _media("image", file.getvalue(), "image/png", "picture.png")
    if isinstance(value, np.ndarray):
        return _media("image", _png(value), "image/png", "picture.png")
    return from_file(value, "image")


def audio(value: Any) -> PageMedia:
    """Return audio for the page: (rate, array) or a file."""
    if isinstance(value, (tuple, list)) and len(value) == 2:
        rate, samples = value
        return _media("audio", _wav(int(rate), np.asarray(samples)), "audio/wav", "sound.wav")
    return from_file(value, "audio")


def from_file(value: Any, media: str) -> PageMedia:
    """Return a file for the page, given by its path or by what Gradio stores of a file (`path`)."""
    path = value.get("path") if isinstance(value, dict) else getattr(value, "path", value)
    if not isinstance(path, (str, Path)):
        raise MediaError(f"a {type(value).__name__} is no {media}")
    try:
        content = Path(path).read_bytes() if Path(path).stat().st_size <= MOST_BYTES else b""
    except OSError:
        raise MediaError(f"a file of a {media} cannot be read") from None
    return _media(media, content, mimetypes.guess_type(str(path))[0] or "application/octet-stream", Path(path).name)


def content_of(data_url: Any) -> tuple[bytes, str]:
    """Return the bytes and the type of a data URL. Raises MediaError."""
    header, _, text = str(data_url).partition(",")
    if not header.startswith("data:") or not header.endswith(";base64"):
        raise MediaError("not a data URL")
    try:
        return b64decode(text, validate=True), header[5:-7]
    except ValueError:
        raise MediaError("not a data URL") from None


def to_array(data_url: str) -> NDArray[np.uint8]:
    """Return a picture of the page as uint8 of shape (height, width, 3), RGB. Raises MediaError."""
    content, _ = content_of(data_url)
    limit = {"max_pixels": str(MOST_PIXELS)}
    try:
        with av.open(io.BytesIO(content), "r", options=limit) as container:
            container.streams.video[0].codec_context.options = limit
            frame = next(container.decode(video=0))
            found: NDArray[np.uint8] = frame.to_ndarray(format="rgb24").astype(np.uint8)
            return found
    except (av.FFmpegError, StopIteration, IndexError):
        raise MediaError(f"the picture cannot be read, or has more than {MOST_PIXELS} pixels") from None


def to_audio(data_url: str) -> tuple[int, NDArray[np.int16]]:
    """Return audio of the page as (rate, int16 of shape (n,)), mono. Raises MediaError."""
    content, _ = content_of(data_url)
    try:
        with av.open(io.BytesIO(content), "r") as container:
            rate = container.streams.audio[0].rate
            resampler = av.AudioResampler("s16", "mono", rate)
            parts: list[NDArray[Any]] = [np.zeros(0, np.int16)]
            left = int(MOST_S * rate)
            for frame in container.decode(audio=0):
                parts += [made.to_ndarray().reshape(-1) for made in resampler.resample(frame)]
                left -= frame.samples
                if left < 0:
                    raise MediaError(f"the audio has more than {MOST_S:g} s")
    except (av.FFmpegError, IndexError):
        raise MediaError("the audio cannot be read") from None
    return rate, np.concatenate(parts)


def to_file(data_url: str, name: str = "") -> str:
    """Write a file of the page into a temporary one, and return its path. Raises MediaError."""
    content, kind = content_of(data_url)
    return temporary_file(content, Path(name).suffix[:10] or mimetypes.guess_extension(kind) or ".bin")


def _media(media: str, content: bytes, kind: str, name: str) -> PageMedia:
    if not content or len(content) > MOST_BYTES:
        raise MediaError(f"a {media} for the page has at most {MOST_BYTES // 1_000_000} MB")
    made = f"data:{kind};base64,{b64encode(content).decode('ascii')}"
    return {"media": media, "id": hashlib.sha256(content).hexdigest()[:16], "name": name, "data": made}


def _png(array: NDArray[Any]) -> bytes:
    if array.dtype != np.uint8:
        array = (np.clip(array, 0, 1) * 255).astype(np.uint8) if array.dtype.kind == "f" else array.astype(np.uint8)
    if array.ndim == 2:
        array = np.repeat(array[:, :, None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] not in (3, 4) or not array.size:
        raise MediaError(f"an array of shape {array.shape} is no picture")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(array[:, :, :3]), format="rgb24")
    codec = av.CodecContext.create("png", "w")
    codec.width, codec.height, codec.pix_fmt = frame.width, frame.height, "rgb24"
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])


def _wav(rate: int, samples: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(mono(rate, samples).astype("<i2").tobytes())
    return file.getvalue()
