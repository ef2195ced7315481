"""Runners of handler objects: `start_up`, `receive` and `emit` run concurrently, each at its own pace."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from streaming.aio.bounded_queue import BoundedQueue, FullPolicy, QueueClosed
from streaming.aio.eager import has_no_await, run_inline
from streaming.aio.fairness import CooperativeYield
from streaming.aio.isolation import LEAVES, as_exception
from streaming.handlers.handler_types import is_async
from streaming.handlers.stream_handlers import (
    FRAME_PLACEHOLDER,
    AsyncAudioVideoStreamHandler,
    AsyncStreamHandler,
    AudioFrame,
    AudioVideoStreamHandler,
    Host,
    StreamHandler,
    StreamHandlerBase,
)
from streaming.sessions.handler_calls import HandlerCalls
from streaming.sessions.handler_output import Item, audio_item, video_item
from streaming.types.client_connection import Picture

FRAME_S = 0.02
WAITING_FRAMES = 700
"""Frames queued for a slow `receive`: 14 s. One message holds up to 12 s, so it fits where back-pressure stops the client."""
WAITING_PICTURES = 8
"""Video frames queued for a slow handler."""
EMPTY_PAUSE_S = 0.02
"""Seconds between two calls of an `emit` that returns nothing."""
AFTER_ERROR_S = 0.1
"""Seconds before the next call after an exception."""
THE_REST_S = 1.0
"""Seconds that a handler may take at the end for the queued frames."""


class Session(Host, Protocol):
    """The session as a runner sees it."""

    calls: HandlerCalls

    async def deliver(self, item: Item, *, live: bool = False) -> bool:
        """Pass on a result of the handler; wait while the queue is full (`live`: drop older frames). Return False after CloseStream."""

    def warn_once(self, text: str) -> None:
        """Send the client a warning, unless the same one was sent before."""


class HandlerRunner:
    """Passes a session's audio, video and inputs to its handler."""

    input_format = (48000, "mono")
    """Sample rate and layout of the frames for `push_audio`."""
    output_rate = 24000
    fps = 30
    is_idle: Callable[[], bool] | None = None
    """Returns whether silence has no effect at the moment, so that it may be held back; None: it never may."""

    def start(self) -> None:
        """Start the tasks."""
        raise NotImplementedError

    def push_audio(self, frame: AudioFrame) -> None:
        """Take an audio frame of the client."""

    @property
    def backlog_s(self) -> float:
        """Seconds of audio that wait for the handler. Transports with back-pressure stop reading while it is high."""
        return 0.0

    def push_video(self, picture: Picture) -> None:
        """Take a video frame of the client."""

    def set_input(self, args: tuple[Any, ...]) -> None:
        """Take new inputs of the client."""
        raise NotImplementedError

    def restart_emit(self) -> None:
        """Discard the item that is being waited for, and request the next one."""

    async def shutdown(self) -> None:
        """Finish the queued input, then shut the handler down."""

    def stop(self) -> None:
        """Release resources without waiting; called after `shutdown`, when the tasks have ended."""

    def release(self) -> None:
        """Wake threads that are still blocked; may be called repeatedly."""


class StreamHandlerRunner(HandlerRunner):
    """Runs a handler object."""

    def __init__(self, session: Session, handler: StreamHandlerBase, *, audio: bool, video: bool, receives: bool) -> None:
        self.handler = handler
        self.input_format = (handler.input_sample_rate, handler.expected_layout)
        self.output_rate = handler.output_sample_rate
        self.fps = handler.fps
        self.is_idle = handler.parley_at_rest if handler.parley_receives_at_once else None
        self._session = session
        self._audio, self._receives = audio, receives
        self._video = video and isinstance(handler, AudioVideoStreamHandler | AsyncAudioVideoStreamHandler)
        self._frames: BoundedQueue[AudioFrame] = BoundedQueue(WAITING_FRAMES, FullPolicy.DROP_OLDEST)
        self._pictures: BoundedQueue[Picture] = BoundedQueue(WAITING_PICTURES, FullPolicy.DROP_OLDEST)
        self._receive_tasks: list[asyncio.Task[None]] = []
        self._emit_task: asyncio.Task[None] | None = None
        self._shutting_down = False
        self._receive_now: Callable[[AudioFrame], None] | None = None
        """Receives frames inline, where set; otherwise they are queued for a task."""
        handler.parley_join(session)

    def start(self) -> None:
        handler: Any = self.handler
        bind, spawn = self._session.calls.bind, self._session.spawn
        if _is_overridden(handler.start_up):
            spawn(self._start_up(bind(handler.start_up, "start_up")))
        if self._audio:
            if handler.parley_receives_at_once:
                self._receive_now = lambda frame: handler.receive(frame)  # `receive` may be replaced during the session
            elif self._receives and has_no_await(handler.receive):
                spawn(self._receive_inline(handler.receive))
            elif self._receives:
                receive = bind(handler.receive, "receive", bare=True)
                self._receive_tasks.append(spawn(self._run_receive(self._frames, receive)))
            self.restart_emit()
        if self._video:
            if self._receives:
                receive = bind(handler.video_receive, "video_receive", bare=True)
                self._receive_tasks.append(spawn(self._run_receive(self._pictures, receive)))
            spawn(self._run_emit(handler.video_emit, "video_emit", video_item))

    def restart_emit(self) -> None:
        if self._emit_task is not None:
            self._emit_task.cancel()
            self._session.calls.abandon("emit")
        self._emit_task = self._session.spawn(self._run_emit(self.handler.parley_emitter(), "emit", audio_item))

    def push_audio(self, frame: AudioFrame) -> None:
        if self._receive_now is not None:
            try:
                self._receive_now(frame)
            except (Exception, *LEAVES) as error:
                self._session.calls.report(as_exception(error))
            return
        self._frames.put(frame)
        if self._frames.dropped:
            self._session.warn_once("this stream takes sound slower than it comes; some was left out")

    @property
    def backlog_s(self) -> float:
        return max(len(self._frames) * FRAME_S, self.handler.parley_backlog_s)

    def push_video(self, picture: Picture) -> None:
        self._pictures.put(picture)

    def set_input(self, args: tuple[Any, ...]) -> None:
        self.handler.set_args([FRAME_PLACEHOLDER, *args])

    async def shutdown(self) -> None:
        await self._drain()
        self._shutting_down = True
        handler: Any = self.handler
        if _is_overridden(handler.shutdown):
            await self._session.calls.bind(handler.shutdown, "shutdown")()

    def stop(self) -> None:
        self._frames.close(discard=True)
        self._pictures.close(discard=True)
        self.handler.parley_leave()

    def release(self) -> None:
        self.handler.parley_release()

    async def _drain(self) -> None:
        """Let `receive` process the queued frames, for at most `THE_REST_S`."""
        self._frames.close()
        self._pictures.close()
        if self._receive_tasks:
            await asyncio.wait(self._receive_tasks, timeout=THE_REST_S)

    async def _start_up(self, call: Callable[[], Awaitable[Any]]) -> None:
        try:
            await call()
        except Exception as error:
            self._session.calls.report(error)
        finally:
            self._session.calls.abandon("start_up")

    async def _receive_inline(self, receive: Callable[[AudioFrame], Coroutine[Any, Any, None]]) -> None:
        """Receive frames inline from now on. `start_up` has run to its first suspension, so that what it creates until then exists."""
        self._receive_now = run_inline(receive)
        while len(self._frames):
            self.push_audio(await self._frames.get())

    async def _run_receive(self, waiting: BoundedQueue[Any], receive: Callable[[Any], Awaitable[Any]]) -> None:
        fair = CooperativeYield()
        while True:
            try:
                frame = await waiting.get()
            except QueueClosed:
                return
            fair.begin_item()
            try:
                await receive(frame)
            except (Exception, *LEAVES) as error:
                self._session.calls.report(as_exception(error))
            await fair.after_item()

    async def _run_emit(self, method: Callable[[], Any], name: str, to_item: Callable[[Any], Item]) -> None:
        """Call `emit` repeatedly; a blocking one only until `shutdown` begins, which wakes it for the last time."""
        loop = asyncio.get_running_loop()
        emit, blocks = self._session.calls.bind(method, name, bare=True), not is_async(method)
        while not (blocks and self._shutting_down):
            began = loop.time()
            try:
                value = await emit()
                if value is None:
                    await self._pause_after_empty(loop.time() - began)
                elif not await self._session.deliver(to_item(value)):
                    return
            except (Exception, *LEAVES) as error:
                self._session.calls.report(as_exception(error))
                await asyncio.sleep(AFTER_ERROR_S)

    async def _pause_after_empty(self, took: float) -> None:
        """Pause after an `emit` that returned nothing, unless it waits itself, so that the loop does not spin."""
        await asyncio.sleep(0 if self.handler.parley_waits_itself else max(0.0, EMPTY_PAUSE_S - took))


def _is_overridden(method: Callable[[], Any]) -> bool:
    """Return whether a developer overrides this method: the base classes' methods do nothing and need no thread."""
    return getattr(method, "__func__", None) not in (
        StreamHandler.start_up,
        StreamHandler.shutdown,
        AsyncStreamHandler.start_up,
        AsyncStreamHandler.shutdown,
    )
