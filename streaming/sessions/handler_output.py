"""Parsing of what handlers return and yield: audio or a video frame, outputs, CloseStream."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from streaming.audio.convert import mono
from streaming.types.client_connection import Pcm, Picture
from streaming.types.outputs import AdditionalOutputs, CloseStream

_AUDIO = "yield (rate, array), AdditionalOutputs, CloseStream, or ((rate, array), AdditionalOutputs)"
_VIDEO = "return an array, AdditionalOutputs, CloseStream, or (array, AdditionalOutputs)"


@dataclass(frozen=True, slots=True)
class Item:
    """One parsed result of a handler; `pcm` has shape (n,) and `rate` samples per second."""

    pcm: Pcm | None = None
    rate: int = 0
    picture: Picture | None = None
    outputs: tuple[AdditionalOutputs, ...] = ()
    close: CloseStream | None = None


def audio_item(value: Any) -> Item:
    """Parse a result of an audio handler. Raises ValueError or TypeError that says what is allowed."""
    if type(value) is tuple and len(value) == 2 and type(value[1]) is np.ndarray:  # the usual case
        return Item(mono(*value), int(value[0]))
    value, outputs, close = _extras(value)
    if value is None:
        return Item(outputs=outputs, close=close)
    if not isinstance(value, tuple | list) or len(value) not in (2, 3) or not isinstance(value[1], np.ndarray):
        raise ValueError(f"an audio handler gave {type(value).__name__}; {_AUDIO}")
    rate, array, *layout = value
    return Item(pcm=mono(rate, array, layout[0] if layout else "mono"), rate=int(rate), outputs=outputs, close=close)


def video_item(value: Any) -> Item:
    """Parse a result of a video handler. Raises ValueError that says what is allowed."""
    value, outputs, close = _extras(value)
    if value is None:
        return Item(outputs=outputs, close=close)
    if not isinstance(value, np.ndarray):
        raise ValueError(f"a video handler gave {type(value).__name__}; {_VIDEO}")
    if value.ndim != 3 or value.shape[2] != 3 or value.dtype != np.uint8 or not value.size:
        raise ValueError(f"a picture must be uint8 of shape (height, width, 3), not {value.dtype} of {value.shape}")
    return Item(picture=value, outputs=outputs, close=close)


def _extras(value: Any) -> tuple[Any, tuple[AdditionalOutputs, ...], CloseStream | None]:
    """Split a result into its value, its AdditionalOutputs and its CloseStream, which may stand alone or behind the value."""
    outputs: list[AdditionalOutputs] = []
    close: CloseStream | None = None
    parts = list(value) if isinstance(value, tuple) else [value]
    while parts and isinstance(parts[-1], AdditionalOutputs | CloseStream):
        extra = parts.pop()
        if isinstance(extra, CloseStream):
            close = extra
        else:
            outputs.insert(0, extra)
    if not outputs and close is None:
        return value, (), None
    if len(parts) > 1:  # audio without its own parentheses: (rate, array, AdditionalOutputs(...))
        return tuple(parts), tuple(outputs), close
    return (parts[0] if parts else None), tuple(outputs), close
