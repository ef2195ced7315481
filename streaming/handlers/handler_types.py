"""What a stream accepts as its handler: handler objects, functions, generator functions; and the modality and mode that fit each."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from streaming.handlers.stream_handlers import AsyncAudioVideoStreamHandler, AudioVideoStreamHandler, StreamHandlerBase

Modality = Literal["video", "audio", "audio-video"]
Mode = Literal["send-receive", "send", "receive"]


@dataclass
class VideoStreamHandler:
    """A function of video frames, and how it is called.

    `callable` takes (image, *inputs) and returns an image; in mode "receive" it is a generator function of the inputs.
    `fps` is the frame rate of generated video. With `skip_frames` the function gets only the newest frame; otherwise the last few that
    arrived in the meantime, in order.
    """

    callable: Callable[..., Any]
    fps: int = 30
    skip_frames: bool = False


HandlerLike = StreamHandlerBase | VideoStreamHandler | Callable[..., Any]


def default_modality(handler: HandlerLike) -> Modality:
    """Return the modality of a stream that names none: "audio" for a handler that has no video, else FastRTC's default, "video"."""
    both = isinstance(handler, AudioVideoStreamHandler | AsyncAudioVideoStreamHandler)
    return "audio" if isinstance(handler, StreamHandlerBase) and not both else "video"


def check_handler(handler: HandlerLike, modality: Modality, mode: Mode) -> None:
    """Raise ValueError for an unknown modality or mode, TypeError if the handler does not fit them."""
    if modality not in ("video", "audio", "audio-video"):
        raise ValueError(f"Modality must be 'video', 'audio' or 'audio-video', not {modality!r}")
    if mode not in ("send-receive", "send", "receive"):
        raise ValueError(f"mode must be 'send-receive', 'send' or 'receive', not {mode!r}")
    both = isinstance(handler, AudioVideoStreamHandler | AsyncAudioVideoStreamHandler)
    if modality == "audio-video" and not both:
        raise TypeError("modality 'audio-video' needs an AudioVideoStreamHandler or AsyncAudioVideoStreamHandler")
    if isinstance(handler, StreamHandlerBase):
        if modality == "video" and not both:
            raise TypeError("modality 'video' needs a function, a VideoStreamHandler or an AudioVideoStreamHandler")
        return
    function = handler.callable if isinstance(handler, VideoStreamHandler) else handler
    if not callable(function):
        raise TypeError(f"a stream's handler must be a handler object or a function, not {type(handler).__name__}")
    if modality == "audio" and mode != "receive":
        raise TypeError("modality 'audio' needs a StreamHandler or AsyncStreamHandler; a generator function does for mode 'receive'")
    if modality == "audio" and isinstance(handler, VideoStreamHandler):
        raise TypeError("a VideoStreamHandler has no audio")
    if mode == "receive" and not generates(function):
        raise TypeError("mode 'receive' needs a generator function or a handler: no video frames arrive for a function")


def generates(function: Callable[..., Any]) -> bool:
    """Return whether calling this returns a generator, synchronous or asynchronous."""
    return inspect.isgeneratorfunction(code_of(function)) or generates_async(function)


def generates_async(function: Callable[..., Any]) -> bool:
    """Return whether calling this returns an asynchronous generator."""
    return inspect.isasyncgenfunction(code_of(function))


def is_async(function: Callable[..., Any]) -> bool:
    """Return whether calling this returns a coroutine."""
    return inspect.iscoroutinefunction(code_of(function))


def code_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that a call runs: `__call__` of an object's class, the inner function of a partial or a wrapper."""
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function)
    if inspect.isroutine(function) or inspect.isclass(function):
        return function
    inside: Callable[..., Any] = vars(type(function)).get("__call__") or type(function).__call__
    return inside


def positional(function: Callable[..., Any]) -> tuple[int, int]:
    """Return how many positional arguments a function requires, and how many it accepts (1,000 for any number)."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return 0, 1000
    plain = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = sum(p.default is p.empty for p in plain)
    return needed, 1000 if any(p.kind is p.VAR_POSITIONAL for p in parameters) else len(plain)
