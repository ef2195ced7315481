"""Base classes for handlers, with FastRTC's names and signatures.

A stream holds one handler as a template. Each session makes a `copy()` of it and calls its methods: those of synchronous handlers in the
session's own threads, those of asynchronous ones in the event loop.
"""

import asyncio
import json
import queue
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import av
import numpy as np
from numpy.typing import NDArray

from streaming.protocols.json_message import JsonMessage
from streaming.types.client_connection import VideoFrame
from streaming.types.outputs import AdditionalOutputs, CloseStream

T = TypeVar("T")

FRAME_PLACEHOLDER = "__webrtc_value__"
"""First item of `latest_args`: the place of the audio or video frame in the arguments of a function."""

AudioFrame = tuple[int, NDArray[np.int16]]
"""Samples per second, and 20 ms of int16 samples: shape (1, n) from WebRTC, (n,) from WebSocket and telephone, as in FastRTC."""

AudioEmit = (
    tuple[int, NDArray[Any]]
    | tuple[int, NDArray[Any], str]
    | AdditionalOutputs
    | CloseStream
    | tuple[tuple[int, NDArray[Any]], AdditionalOutputs | CloseStream]
    | None
)
VideoEmit = VideoFrame | tuple[VideoFrame, AdditionalOutputs | CloseStream] | AdditionalOutputs | CloseStream | None


class Host(Protocol):
    """The session as its handler sees it."""

    loop: asyncio.AbstractEventLoop
    phone: bool

    @property
    def playing(self) -> bool:
        """Whether audio for the client is queued, or sent and not played yet."""

    def send_message(self, message: JsonMessage) -> None:
        """Send the client JSON. Any thread."""

    def clear_audio(self) -> None:
        """Drop all audio that was not played yet. Any thread."""

    def interrupt(self) -> None:
        """Drop all audio and the item that `emit` is about to return; then request the next one. Event loop only."""

    def pause_audio(self) -> None:
        """Stop the audio for the client where it is. `resume_audio` or `interrupt` ends the pause. Event loop only."""

    def resume_audio(self) -> None:
        """Continue the audio where it was paused. Event loop only."""

    @property
    def played_s(self) -> float:
        """Seconds of audio that the client has played since the session began."""

    @property
    def left_s(self) -> float:
        """Seconds of audio that the client has still to play."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine until the session ends. Event loop only."""

    def wait_here(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the event loop and wait for it. From threads only; raises CancelledError when the session ends."""


class Channel:
    """The data channel, for handlers that send JSON themselves."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def send(self, text: str) -> None:
        """Send the client a JSON object given as text; any other text becomes a log message."""
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        self._host.send_message(message if isinstance(message, dict) else {"type": "log", "data": text})


class StreamHandlerBase:
    """Base of all handlers. Names that FastRTC does not have begin with `parley`, so that they do not collide with a developer's own.

    Args:
        expected_layout: "mono"; with "stereo" each sample is passed twice, interleaved, shape (1, 2n).
        output_sample_rate: of the audio for the client, a multiple of 50; other rates that `emit` returns are converted.
        output_frame_size: accepted and unused, as in FastRTC: it always corresponds to 20 ms.
        input_sample_rate: of the frames passed to `receive`, at any rate that the client sends.
        fps: of the video for the client.

    Raises ValueError for an output_sample_rate that is no multiple of 50.
    """

    def __init__(
        self,
        expected_layout: str = "mono",
        output_sample_rate: int = 24000,
        output_frame_size: int | None = None,
        input_sample_rate: int = 48000,
        fps: int = 30,
    ) -> None:
        if output_sample_rate <= 0 or output_sample_rate % 50:
            raise ValueError(f"output_sample_rate must be a multiple of 50, not {output_sample_rate}")
        self.expected_layout = expected_layout
        self.output_sample_rate = output_sample_rate
        self.input_sample_rate = input_sample_rate
        self.fps = fps
        self.parley_begin_afresh()

    shutdown_s: float | None = None
    """An addition of Parley: seconds that `shutdown` may take, for handlers that need more than the default limit."""

    def parley_release(self) -> None:
        """Wake threads that still block in a queue of this handler, at its end: a `get` receives None, a `put` gets room."""
        for value in list(vars(self).values()):
            if isinstance(value, queue.Queue | queue.SimpleQueue):
                _wake(value)

    @property
    def output_frame_size(self) -> int:
        """Samples in 20 ms of output."""
        return self.output_sample_rate // 50

    def parley_begin_afresh(self) -> None:
        """Reset all state of a session; for copies of a handler."""
        self.latest_args: list[Any] = [FRAME_PLACEHOLDER]
        self.args_set = asyncio.Event()
        self.channel_set = asyncio.Event()
        self.phone_mode = False
        self.clear_queue: Callable[[], None] = _nothing_to_clear
        self._parley: Host | None = None
        self._resampler: av.AudioResampler | None = None

    @property
    def parley(self) -> Host:
        """The session. Raises RuntimeError on the template, which has none."""
        if self._parley is None:
            raise RuntimeError("this handler has no session: streams work with copies of it")
        return self._parley

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The session's event loop."""
        return self.parley.loop

    @property
    def channel(self) -> Channel | None:
        """The data channel, for handlers that send JSON themselves; None before the session begins."""
        return Channel(self._parley) if self._parley else None

    def parley_join(self, host: Host) -> None:
        """Attach to a session; called before all other methods."""
        self._parley = host
        self.phone_mode = host.phone
        self.clear_queue = host.clear_audio
        self.channel_set.set()

    def parley_leave(self) -> None:
        """Detach from the session; called after all other methods."""

    def set_args(self, args: list[Any]) -> None:
        """Set the inputs for the next call; the first item is `FRAME_PLACEHOLDER`. Raises TypeError if no list, ValueError if empty."""
        if not isinstance(args, list):
            raise TypeError("inputs must be a list")
        if not args:
            raise ValueError("inputs must not be empty")
        self.latest_args = args
        self.args_set.set()

    async def fetch_args(self) -> None:
        """Request the client's inputs; do nothing on a telephone, which has none."""
        if not self.phone_mode:
            self.parley.send_message({"type": "send_input", "data": []})

    async def wait_for_args(self) -> None:
        """Request the client's inputs and wait for them."""
        if not self.phone_mode:
            await self.fetch_args()
            await self.args_set.wait()

    def wait_for_args_sync(self) -> None:
        """Request the client's inputs and wait for them; for synchronous handlers, in their threads."""
        self.parley.wait_here(self.wait_for_args())

    async def send_message(self, msg: str) -> None:
        """Send the client a message, JSON as text."""
        Channel(self.parley).send(msg)

    def send_message_sync(self, msg: str) -> None:
        """Send the client a message, JSON as text; from any thread."""
        Channel(self.parley).send(msg)

    def resample(self, frame: av.AudioFrame) -> Iterator[av.AudioFrame]:
        """Convert a PyAV audio frame to the format of `receive`: int16, 20 ms, input_sample_rate, expected_layout."""
        if self._resampler is None:
            rate = self.input_sample_rate
            self._resampler = av.AudioResampler(format="s16", layout=self.expected_layout, rate=rate, frame_size=rate // 50)
        yield from self._resampler.resample(frame)

    def reset(self) -> None:
        """Discard the arrival of inputs: the next `wait_for_args` requests new ones."""
        self.args_set.clear()


class StreamHandler(StreamHandlerBase, ABC):
    """A handler whose methods may block: each runs in a thread of the session, `receive` and `emit` concurrently."""

    @abstractmethod
    def copy(self) -> "StreamHandler":
        """Return a handler for another session."""

    def start_up(self) -> Any:
        """Initialise; called once, concurrently with the other methods."""

    @abstractmethod
    def receive(self, frame: AudioFrame) -> Any:
        """Process 20 ms of the client's audio."""

    @abstractmethod
    def emit(self) -> Any:
        """Return the next item for the client, an AudioEmit; called repeatedly, at most every 20 ms while it returns None."""

    def shutdown(self) -> Any:
        """Release all resources; called exactly once at the end of the session, on every transport."""


class AsyncStreamHandler(StreamHandlerBase, ABC):
    """A handler with coroutine methods, which run in the event loop and must not block."""

    @abstractmethod
    def copy(self) -> "AsyncStreamHandler":
        """Return a handler for another session."""

    async def start_up(self) -> Any:
        """Initialise; called once, concurrently with the other methods; may run as long as the session."""

    @abstractmethod
    async def receive(self, frame: AudioFrame) -> Any:
        """Process 20 ms of the client's audio."""

    @abstractmethod
    async def emit(self) -> Any:
        """Return the next item for the client, an AudioEmit."""

    async def shutdown(self) -> Any:
        """Release all resources; called exactly once at the end of the session, on every transport."""


class AudioVideoStreamHandler(StreamHandler):
    """A blocking handler of audio and video."""

    @abstractmethod
    def video_receive(self, frame: VideoFrame) -> Any:
        """Process a video frame of the client: uint8 of shape (height, width, 3), BGR."""

    @abstractmethod
    def video_emit(self) -> Any:
        """Return the next video frame for the client, a VideoEmit."""


class AsyncAudioVideoStreamHandler(AsyncStreamHandler):
    """A handler of audio and video with coroutine methods."""

    @abstractmethod
    async def video_receive(self, frame: VideoFrame) -> Any:
        """Process a video frame of the client: uint8 of shape (height, width, 3), BGR."""

    @abstractmethod
    async def video_emit(self) -> Any:
        """Return the next video frame for the client, a VideoEmit."""


class InLoopHandler:
    """Mixin of our own handlers whose `receive` only queues the frame and whose `emit` waits for an item. Developers' classes lack it.

    Names begin with `parley`, so that they do not collide with those of a subclass.
    """

    parley_receives_at_once = False
    """Whether `receive` only queues the frame, so that it may be called in the event loop, without a thread."""
    parley_waits_itself = False
    """Whether `emit` itself waits for the next item, so that no pause between calls is needed."""
    parley_pauses = False
    """Whether the handler may pause its audio (`Host.pause_audio`): the transport then sends it less far ahead."""

    @property
    def parley_backlog_s(self) -> float:
        """Seconds of audio that wait behind `receive`."""
        raise NotImplementedError

    def parley_at_rest(self) -> bool:
        """Return whether silence has no effect, so that it may be held back; called only where `parley_receives_at_once`."""
        raise NotImplementedError

    def parley_emitter(self) -> Callable[[], Any]:
        """Return the function that is called for the next item."""
        raise NotImplementedError


def _wake(waiting: "queue.Queue[Any] | queue.SimpleQueue[Any]") -> None:
    """Wake a thread that blocks in `get` or `put`: else it never returns and keeps the session's objects in memory."""
    with suppress(queue.Full, queue.Empty):
        if waiting.empty():
            waiting.put_nowait(None)
        else:
            waiting.get_nowait()


def _nothing_to_clear() -> None:
    """Do nothing: `clear_queue` before the session begins."""
