"""What runs a handler object: its start, its receiving and its emitting, each at its own pace."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from streaming.aio.bounded_queue import BoundedQueue, FullPolicy, QueueClosed
from streaming.aio.eager import has_no_await, run_inline
from streaming.aio.fairness import CooperativeYield
from streaming.aio.isolation import LEAVES, as_exception
from streaming.handlers.handler_types import is_async
from streaming.handlers.stream_handlers import (
    PLACE_OF_SOUND,
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
"""Frames that wait for a slow `receive`: 14 s. One message holds up to 12 s, and where clients can be made to wait it finds room."""
WAITING_PICTURES = 8
BREATH_S = 0.02
"""The pause after an `emit` that had nothing."""
AFTER_ERROR_S = 0.1
THE_REST_S = 1.0
"""At the end, how long a handler may take for the frames that wait for it."""


class Session(Host, Protocol):
    """What the work needs of the session around it."""

    calls: HandlerCalls

    async def deliver(self, item: Item, *, live: bool = False) -> bool:
        """Pass on what the handler gave, waiting while too much is ahead (`live`: dropping older pictures). False after CloseStream."""

    def warn_once(self, text: str) -> None:
        """Send the client a warning, unless it had the same one before."""


class HandlerRunner:
    """What a session does with its sound, its pictures and its inputs."""

    framed = (48000, "mono")
    """Rate and layout of the frames that `hear` wants."""
    output_rate = 24000
    fps = 30
    at_rest: Callable[[], bool] | None = None
    """Tells whether silence means nothing right now, so that it may come in portions; None: it never may."""

    def start(self) -> None:
        """Begin."""
        raise NotImplementedError

    def hear(self, frame: AudioFrame) -> None:
        """Take a frame of the client's sound."""

    @property
    def backlog_s(self) -> float:
        """How much audio waits to be taken, in seconds. Clients that can be made to wait send no more while it is high."""
        return 0.0

    def see(self, picture: Picture) -> None:
        """Take one of the client's pictures."""

    def set_input(self, args: tuple[Any, ...]) -> None:
        """Take the client's inputs."""
        raise NotImplementedError

    def emit_afresh(self) -> None:
        """Forget the item that is being waited for, and ask for the next one."""

    async def shutdown(self) -> None:
        """Let everything go."""

    def stop(self) -> None:
        """End what needs no waiting; called after `shutdown`, when the tasks are gone."""

    def release(self) -> None:
        """Wake threads that are still blocked; may be called several times."""


class StreamHandlerRunner(HandlerRunner):
    """The work of a handler object."""

    def __init__(self, session: Session, handler: StreamHandlerBase, *, audio: bool, video: bool, receives: bool) -> None:
        self.handler = handler
        self.framed = (handler.input_sample_rate, handler.expected_layout)
        self.output_rate = handler.output_sample_rate
        self.fps = handler.fps
        self.at_rest = handler.parley_at_rest if handler.parley_receives_at_once else None
        self._session = session
        self._audio, self._receives = audio, receives
        self._video = video and isinstance(handler, AudioVideoStreamHandler | AsyncAudioVideoStreamHandler)
        self._frames: BoundedQueue[AudioFrame] = BoundedQueue(WAITING_FRAMES, FullPolicy.DROP_OLDEST)
        self._pictures: BoundedQueue[Picture] = BoundedQueue(WAITING_PICTURES, FullPolicy.DROP_OLDEST)
        self._feeding: list[asyncio.Task[None]] = []
        self._emitting: asyncio.Task[None] | None = None
        self._ending = False
        self._receive_now: Callable[[AudioFrame], None] | None = None
        """Where it is there, frames wait for no task."""
        handler.parley_join(session)

    def start(self) -> None:
        handler: Any = self.handler
        bind, spawn = self._session.calls.bind, self._session.spawn
        if _does_something(handler.start_up):
            spawn(self._start_up(bind(handler.start_up, "start_up")))
        if self._audio:
            if handler.parley_receives_at_once:
                self._receive_now = lambda frame: handler.receive(frame)  # it may be replaced while the session lasts
            elif self._receives and has_no_await(handler.receive):
                spawn(self._take_over(handler.receive))
            elif self._receives:
                self._feeding.append(spawn(self._feed(self._frames, bind(handler.receive, "receive", bare=True))))
            self.emit_afresh()
        if self._video:
            if self._receives:
                self._feeding.append(spawn(self._feed(self._pictures, bind(handler.video_receive, "video_receive", bare=True))))
            spawn(self._emit(handler.video_emit, "video_emit", video_item))

    def emit_afresh(self) -> None:
        if self._emitting is not None:
            self._emitting.cancel()
            self._session.calls.abandon("emit")
        self._emitting = self._session.spawn(self._emit(self.handler.parley_emitter(), "emit", audio_item))

    def hear(self, frame: AudioFrame) -> None:
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

    def see(self, picture: Picture) -> None:
        self._pictures.put(picture)

    def set_input(self, args: tuple[Any, ...]) -> None:
        self.handler.set_args([PLACE_OF_SOUND, *args])

    async def shutdown(self) -> None:
        await self._hear_the_rest()
        self._ending = True
        handler: Any = self.handler
        if _does_something(handler.shutdown):
            await self._session.calls.bind(handler.shutdown, "shutdown")()

    def stop(self) -> None:
        self._frames.close(discard=True)
        self._pictures.close(discard=True)
        self.handler.parley_leave()

    def release(self) -> None:
        self.handler.parley_release()

    async def _hear_the_rest(self) -> None:
        """Let `receive` have what the client had sent before it left, unless that takes too long."""
        self._frames.close()
        self._pictures.close()
        if self._feeding:
            await asyncio.wait(self._feeding, timeout=THE_REST_S)

    async def _start_up(self, call: Callable[[], Awaitable[Any]]) -> None:
        try:
            await call()
        except Exception as error:
            self._session.calls.report(error)
        finally:
            self._session.calls.abandon("start_up")

    async def _take_over(self, receive: Callable[[AudioFrame], Coroutine[Any, Any, None]]) -> None:
        """Have frames received where they come, from now on: `start_up` has begun, and what it makes before it first waits is there."""
        self._receive_now = run_inline(receive)
        while len(self._frames):
            self.hear(await self._frames.get())

    async def _feed(self, waiting: BoundedQueue[Any], receive: Callable[[Any], Awaitable[Any]]) -> None:
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

    async def _emit(self, method: Callable[[], Any], name: str, take_apart: Callable[[Any], Item]) -> None:
        """Ask again and again; a method that blocks only until `shutdown` began, which wakes it once and for all."""
        loop = asyncio.get_running_loop()
        emit, blocks = self._session.calls.bind(method, name, bare=True), not is_async(method)
        while not (blocks and self._ending):
            began = loop.time()
            try:
                value = await emit()
                if value is None:
                    await self._breathe(loop.time() - began)
                elif not await self._session.deliver(take_apart(value)):
                    return
            except (Exception, *LEAVES) as error:
                self._session.calls.report(as_exception(error))
                await asyncio.sleep(AFTER_ERROR_S)

    async def _breathe(self, took: float) -> None:
        """Pause after an `emit` that had nothing, unless it has waited itself: nothing here may spin."""
        await asyncio.sleep(0 if self.handler.parley_waits_itself else max(0.0, BREATH_S - took))


def _does_something(method: Callable[[], Any]) -> bool:
    """Tell whether a developer wrote this method: what the base classes do needs no thread."""
    return getattr(method, "__func__", None) not in (
        StreamHandler.start_up,
        StreamHandler.shutdown,
        AsyncStreamHandler.start_up,
        AsyncStreamHandler.shutdown,
    )
