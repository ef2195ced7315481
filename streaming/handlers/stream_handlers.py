"""The handler base classes that developers derive from; names and signatures are those that FastRTC's users know.

A stream holds one handler as a pattern; each session gets a `copy()` of it, is its `host`, and calls its methods: those of
synchronous handlers in threads of the session's own, those of asynchronous ones in the event loop.
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

from streaming.types.client_connection import Message, Picture
from streaming.types.outputs import AdditionalOutputs, CloseStream

T = TypeVar("T")

PLACE_OF_SOUND = "__webrtc_value__"
"""First of `latest_args`: where the sound or picture goes when a function is called with the inputs."""

AudioFrame = tuple[int, NDArray[np.int16]]
"""Samples per second, and 20 ms of int16 samples: shape (1, n) from WebRTC, (n,) from sockets and telephones, as FastRTC has it."""

AudioEmit = (
    tuple[int, NDArray[Any]]
    | tuple[int, NDArray[Any], str]
    | AdditionalOutputs
    | CloseStream
    | tuple[tuple[int, NDArray[Any]], AdditionalOutputs | CloseStream]
    | None
)
VideoEmit = Picture | tuple[Picture, AdditionalOutputs | CloseStream] | AdditionalOutputs | CloseStream | None


class Host(Protocol):
    """A handler's session, as the handler sees it."""

    loop: asyncio.AbstractEventLoop
    phone: bool

    @property
    def playing(self) -> bool:
        """Whether the client still hears, or is about to hear, something of ours."""

    def tell(self, message: Message) -> None:
        """Send the client JSON. Any thread."""

    def clear_sound(self) -> None:
        """Drop all sound that was not played yet. Any thread."""

    def interrupt(self) -> None:
        """Drop all sound and whatever `emit` is about to return; then ask for the next item. Event loop only."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine until the session ends. Event loop only."""

    def wait_here(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the event loop and wait for it. From threads only; raises CancelledError when the session ends."""


class Channel:
    """What handlers that send JSON on their own know as the data channel."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def send(self, text: str) -> None:
        """Send the client a JSON object given as text; any other text becomes a log message."""
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        self._host.tell(message if isinstance(message, dict) else {"type": "log", "data": text})


class StreamHandlerBase:
    """What all handlers have. What FastRTC's do not is called `parley...`: whoever wrote a handler for it may have a `host` of his own.

    Args:
        expected_layout: "mono"; with "stereo" each sample is handed over twice, interleaved, shape (1, 2n).
        output_sample_rate: of the sound for the client, a multiple of 50; other rates that `emit` returns are converted.
        output_frame_size: accepted and unused, as in FastRTC: it is always 20 ms.
        input_sample_rate: of the frames handed to `receive`, whatever the client sends.
        fps: of the pictures for the client.

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

    parley_receives_at_once = False
    """Ours: whether `receive` only takes note and may be called in the event loop, without a thread."""
    parley_waits_itself = False
    """Ours: whether `emit` waits until it has something, so that nobody need pause before asking again."""
    shutdown_s: float | None = None
    """Ours: how long `shutdown` may take, in seconds, for handlers that the engine's own limit would cut short."""

    @property
    def parley_backlog_s(self) -> float:
        """Ours: how much audio waits behind `receive`, in seconds, for handlers that pass it on to a thread of ours."""
        return 0.0

    def parley_at_rest(self) -> bool:
        """Ours: tell whether silence would change nothing, so that it may wait; asked only where `parley_receives_at_once`."""
        return False

    def parley_emitter(self) -> Callable[[], Any]:
        """Return what is called for the next item: `emit`, unless a handler of ours has a cheaper way."""
        emit: Callable[[], Any] = getattr(self, "emit")  # noqa: B009  # declared by the two kinds below, with and without async
        return emit

    def parley_release(self) -> None:
        """Wake whoever still waits in a queue of this handler, at the very end: those who `get` with None, those who `put` with room."""
        for value in list(vars(self).values()):
            if isinstance(value, queue.Queue | queue.SimpleQueue):
                _wake(value)

    @property
    def output_frame_size(self) -> int:
        """Samples of 20 ms of output."""
        return self.output_sample_rate // 50

    def parley_begin_afresh(self) -> None:
        """Be as if there had been no session: for copies of a handler that was made with everything it needs."""
        self.latest_args: list[Any] = [PLACE_OF_SOUND]
        self.args_set = asyncio.Event()
        self.channel_set = asyncio.Event()
        self.phone_mode = False
        self.clear_queue: Callable[[], None] = _nothing_to_clear
        self._parley: Host | None = None
        self._resampler: av.AudioResampler | None = None

    @property
    def parley(self) -> Host:
        """The session. Raises RuntimeError on a handler that is only a pattern."""
        if self._parley is None:
            raise RuntimeError("this handler has no session: streams work with copies of it")
        return self._parley

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The session's event loop."""
        return self.parley.loop

    @property
    def channel(self) -> Channel | None:
        """The way to the client for handlers that send JSON on their own; None before there is a session."""
        return Channel(self._parley) if self._parley else None

    def parley_join(self, host: Host) -> None:
        """Begin to belong to a session; called before anything else."""
        self._parley = host
        self.phone_mode = host.phone
        self.clear_queue = host.clear_sound
        self.channel_set.set()

    def parley_leave(self) -> None:
        """End to belong to a session; called after everything else."""

    def set_args(self, args: list[Any]) -> None:
        """Take the inputs for the next call, the place of the sound first. Raises TypeError or ValueError for no or an empty list."""
        if not isinstance(args, list):
            raise TypeError("inputs must be a list")
        if not args:
            raise ValueError("inputs must not be empty")
        self.latest_args = args
        self.args_set.set()

    async def fetch_args(self) -> None:
        """Ask the client for its inputs; not on a telephone, which has none."""
        if not self.phone_mode:
            self.parley.tell({"type": "send_input", "data": []})

    async def wait_for_args(self) -> None:
        """Ask the client for its inputs and wait for them."""
        if not self.phone_mode:
            await self.fetch_args()
            await self.args_set.wait()

    def wait_for_args_sync(self) -> None:
        """Ask the client for its inputs and wait for them; for synchronous handlers, in their threads."""
        self.parley.wait_here(self.wait_for_args())

    async def send_message(self, msg: str) -> None:
        """Send the client a message, JSON as text."""
        Channel(self.parley).send(msg)

    def send_message_sync(self, msg: str) -> None:
        """Send the client a message, JSON as text; from any thread."""
        Channel(self.parley).send(msg)

    def resample(self, frame: av.AudioFrame) -> Iterator[av.AudioFrame]:
        """Yield PyAV's frames of sound from elsewhere as those of `receive` are: int16, 20 ms, input_sample_rate, expected_layout."""
        if self._resampler is None:
            rate = self.input_sample_rate
            self._resampler = av.AudioResampler(format="s16", layout=self.expected_layout, rate=rate, frame_size=rate // 50)
        yield from self._resampler.resample(frame)

    def reset(self) -> None:
        """Forget that inputs came: the next `wait_for_args` asks for new ones."""
        self.args_set.clear()


class StreamHandler(StreamHandlerBase, ABC):
    """A handler whose methods may block: each runs in a thread of the session's own, `receive` and `emit` at the same time."""

    @abstractmethod
    def copy(self) -> "StreamHandler":
        """Return a handler for another session."""

    def start_up(self) -> Any:
        """Begin; called once, beside the other methods."""

    @abstractmethod
    def receive(self, frame: AudioFrame) -> Any:
        """Take 20 ms of the client's sound."""

    @abstractmethod
    def emit(self) -> Any:
        """Return what the client gets next, an AudioEmit; called again and again, at most every 20 ms while it returns None."""

    def shutdown(self) -> Any:
        """Let everything go; called exactly once at the end of the session, on every transport."""


class AsyncStreamHandler(StreamHandlerBase, ABC):
    """A handler of coroutines, which run in the event loop and must not block."""

    @abstractmethod
    def copy(self) -> "AsyncStreamHandler":
        """Return a handler for another session."""

    async def start_up(self) -> Any:
        """Begin; called once, beside the other methods, and may go on as long as the session."""

    @abstractmethod
    async def receive(self, frame: AudioFrame) -> Any:
        """Take 20 ms of the client's sound."""

    @abstractmethod
    async def emit(self) -> Any:
        """Return what the client gets next, an AudioEmit."""

    async def shutdown(self) -> Any:
        """Let everything go; called exactly once at the end of the session, on every transport."""


class AudioVideoStreamHandler(StreamHandler):
    """A blocking handler of sound and pictures."""

    @abstractmethod
    def video_receive(self, frame: Picture) -> Any:
        """Take one of the client's pictures, shape (height, width, 3), uint8, blue green red."""

    @abstractmethod
    def video_emit(self) -> Any:
        """Return the next picture for the client, a VideoEmit."""


class AsyncAudioVideoStreamHandler(AsyncStreamHandler):
    """A handler of coroutines for sound and pictures."""

    @abstractmethod
    async def video_receive(self, frame: Picture) -> Any:
        """Take one of the client's pictures, shape (height, width, 3), uint8, blue green red."""

    @abstractmethod
    async def video_emit(self) -> Any:
        """Return the next picture for the client, a VideoEmit."""


def _wake(waiting: "queue.Queue[Any] | queue.SimpleQueue[Any]") -> None:
    """Let a thread go that waits in `get` or `put`: it would stay for ever, and with it all that the session held."""
    with suppress(queue.Full, queue.Empty):
        if waiting.empty():
            waiting.put_nowait(None)
        else:
            waiting.get_nowait()


def _nothing_to_clear() -> None:
    """What `clear_queue` does before there is a session."""
