"""One live session of a stream, on any transport: audio and video in and out, inputs, outputs, and exactly one end.

A transport creates a session with its connection, opens it, passes in what the client sends, and takes what the client receives, at the
client's pace. All methods are called in the event loop, except those of `Host` that say otherwise.
"""

import asyncio
import contextvars
import logging
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.conf import settings

from streaming.aio.bounded_queue import BoundedQueue, QueueClosed
from streaming.aio.safe_log import error_location
from streaming.aio.worker_thread import MOST_LEFT
from streaming.cluster import session_endpoint
from streaming.cluster.registry import TooManySessions, describe_session
from streaming.cluster.runtime import runtime
from streaming.handlers.context import Context, SessionContext, current_session, error_message, warning_message
from streaming.handlers.handler_types import VideoStreamHandler
from streaming.handlers.stream import Stream
from streaming.handlers.stream_handlers import FRAME_PLACEHOLDER, StreamHandlerBase
from streaming.sessions.audio_input import AudioBlock, AudioInput
from streaming.sessions.audio_output import AudioOutput
from streaming.sessions.function_runner import GeneratorRunner, VideoFunctionRunner
from streaming.sessions.handler_calls import HandlerCalls
from streaming.sessions.handler_output import Item
from streaming.sessions.handler_runner import HandlerRunner, StreamHandlerRunner
from streaming.types.client_connection import AudioFrame, ClientConnection, IdTaken, ImmediateSink, LimitReached, Message, Picture
from streaming.types.outputs import AdditionalOutputs, CloseStream, OutputLog
from streaming.types.session_end import TEXTS, End

__all__ = ["IdTaken", "LimitReached", "ClientConnection", "Message", "StreamSession", "AudioFrame"]

logger = logging.getLogger(__name__)
T = TypeVar("T")

SHUTDOWN_S = 20.0
"""Seconds that a handler's `shutdown` may take, where its `shutdown_s` does not say otherwise."""
TASKS_END_S = 1.0
"""Seconds that the session's cancelled tasks may take to end."""
RELEASE_TRIES = MOST_LEFT + 5
"""Tries to wake blocked threads at the end; each may wake one thread only."""
LAST_SOUND_S = 60.0
"""Seconds that a session closed by its handler waits until its audio was played."""
READY_PICTURES = 2
"""Video frames queued for the client."""


class StreamSession:
    """A session of a stream.

    Args:
        webrtc_id: the id that the client chose, unique in its stream.
        owner_id: the user it belongs to; None for an anonymous client of a public stream.
        line: the connection to the client.
    """

    def __init__(self, stream: Stream, webrtc_id: str, owner_id: int | None, line: ClientConnection) -> None:
        self.id: UUID = uuid4()
        self.stream = stream
        self.webrtc_id = webrtc_id
        self.owner_id = owner_id
        self.line = line
        self.phone = line.kind == "telephone"
        self.outputs = OutputLog()
        self.fetched = 0
        """Number of the last output that `Stream.fetch_latest_output` returned."""
        self.ended = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._session_context = SessionContext(Context(webrtc_id, None, owner_id, self.id), self.tell)
        self.calls = HandlerCalls(self._session_context)
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread_calls: set[Future[Any]] = set()
        self._warned: set[str] = set()
        self._runner: HandlerRunner | None = None
        self._audio_input = AudioInput(48000)
        self._audio_output = AudioOutput(24000)
        self._pictures: BoundedQueue[Picture] = BoundedQueue(READY_PICTURES)
        self._time_limit: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None
        self._closed_by_handler = False
        self._end_reason = ""
        self._opened = False

    def belongs_to(self, user_id: int | None) -> bool:
        """Whether this user has access; a session without an owner is open to every client that knows its id."""
        return self.owner_id is None or self.owner_id == user_id

    @property
    def handler(self) -> StreamHandlerBase | None:
        """The handler object of this session; None where the stream has a function."""
        return self._runner.handler if isinstance(self._runner, StreamHandlerRunner) else None

    @property
    def fps(self) -> int:
        """Video frames per second, where they are generated rather than derived from the client's."""
        return self._runner.fps if self._runner else 30

    @property
    def output_rate(self) -> int:
        """Samples per second of every `AudioFrame` of this session."""
        return self._audio_output.rate

    async def open(self) -> None:
        """Take a slot, copy the handler and start. Raises LimitReached or IdTaken; the slot is freed on every failure."""
        stream = self.stream
        if self.webrtc_id in stream.participants:
            raise IdTaken(self.webrtc_id, stream.participants[self.webrtc_id].owner_id)
        if stream.limit is not None and len(stream.participants) >= stream.limit:
            raise LimitReached(stream.limit)
        stream.participants[self.webrtc_id] = self
        try:
            runtime().registry.add(self, describe_session(self.stream.name, self.line.kind, self.owner_id))
            await session_endpoint.claim(self)
            if self._closing is not None:  # the server is shutting down: an end before the start would have no effect
                raise TooManySessions
            self._begin()
            self._opened = True
        except BaseException as error:
            self._close("failed to begin")
            assert self._closing is not None  # noqa: S101  # it is closing now
            await asyncio.shield(self._closing)
            if isinstance(error, TooManySessions):
                raise LimitReached(settings.SESSION_LIMIT) from None
            raise
        session_endpoint.announce(self)
        stream.arrived()

    # -- from the transport

    def hear(self, block: AudioBlock, rate: int) -> None:
        """Take the client's audio, int16 of shape (n,) or mu-law bytes, at any rate and in blocks of any length."""
        if self._runner is None or self._closing is not None or not self.stream.has_audio or self.stream.mode == "receive":
            return
        for frame in self._audio_input.push(block, rate):
            self._runner.push_audio(frame)

    @property
    def may_rest(self) -> bool:
        """Whether the handler can be idle, so that silence may be held back."""
        return self._runner is not None and self._runner.is_idle is not None

    @property
    def silent(self) -> bool:
        """Whether the client's audio has been inaudible for a while and the handler is idle, so that a transport may read it later."""
        return self._audio_input.silent

    @property
    def received_s(self) -> float:
        """Seconds of the client's audio received so far; counted only where `may_rest`."""
        return self._audio_input.received_s

    @property
    def backlog_s(self) -> float:
        """Seconds of the client's audio that wait for the handler; 0 once the session is ending."""
        return self._runner.backlog_s if self._runner is not None and self._closing is None else 0.0

    def see(self, frame: Picture) -> None:
        """Take a video frame of the client: uint8 of shape (height, width, 3), BGR."""
        if self._runner is not None and self._closing is None and self.stream.has_video and self.stream.mode != "receive":
            self._runner.push_video(frame)

    def set_input(self, *args: Any) -> None:
        """Set the handler's inputs, used from its next call on. Any thread, so that synchronous views can call it."""
        self._in_loop(self._take_input, args)

    # -- to the transport

    async def sound(self) -> AudioFrame | None:
        """Wait for the next audio frame for the client and return it; None at the end."""
        return await self._audio_output.get()

    def send_through(self, outlet: ImmediateSink) -> None:
        """Send an audio frame directly to `outlet` if nothing is queued and `sound` is being awaited."""
        self._audio_output.outlet = outlet

    async def picture(self) -> Picture | None:
        """Wait for the next video frame for the client and return it; None at the end."""
        try:
            return await self._pictures.get()
        except QueueClosed:
            return None

    def played(self, seconds: float) -> None:
        """Record that the client has played `seconds` more of what `sound` returned; optional, for transports that know."""
        self._audio_output.played(seconds)

    # -- from the handler and its runner

    @property
    def playing(self) -> bool:
        """Whether audio for the client is queued, or sent and not played yet."""
        return self._audio_output.playing

    def tell(self, message: Message) -> None:
        """Send the client JSON. Any thread."""
        self._in_loop(self._send, message)

    def warn_once(self, text: str) -> None:
        """Send the client a warning, unless the same one was sent before."""
        if text not in self._warned:
            self._warned.add(text)
            self._send(warning_message(text))

    def clear_sound(self) -> None:
        """Drop all audio that was not played yet. Any thread."""
        self._in_loop(self._clear)

    def interrupt(self) -> None:
        """Drop all audio and the item that the handler is about to return; then request the next one."""
        self._clear()
        if self._runner is not None:
            self._runner.restart_emit()

    def wait_here(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the event loop and wait for it. From threads only; raises CancelledError when the session ends."""
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        self._thread_calls.add(future)
        try:
            if self.ended.is_set():
                future.cancel()
            return future.result()
        finally:
            self._thread_calls.discard(future)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine until the session ends, in the context of its handler."""
        context = contextvars.copy_context()
        context.run(current_session.set, self._session_context)
        task = asyncio.create_task(work, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def deliver(self, item: Item, *, live: bool = False) -> bool:
        """Pass on a result of the handler; wait while the queue is full (`live`: drop older frames). Return False after CloseStream."""
        for outputs in item.outputs:
            self._append_outputs(outputs)
        receives = self.stream.mode != "send"
        if item.pcm is not None and receives:
            await self._audio_output.put(item.pcm, item.rate)
        if item.picture is not None and receives:
            if live and len(self._pictures) >= READY_PICTURES:
                self._pictures.clear()
            await self._pictures.put_when_room(item.picture)
        if item.close is not None:
            self._close_when_played(item.close)
        return item.close is None

    # -- the end

    def end_early(self, end: End) -> None:
        """End for a reason of the server, which is sent to the client."""
        if end is not End.SHUTDOWN:  # which the closing connection shows
            self._send(error_message(TEXTS[end]))
        if end is End.REVOKED:  # nothing that the handler still produces may reach this client
            self._audio_output.close(discard=True)
            self._hang_up(TEXTS[end])
        self._close(TEXTS[end])

    def dismiss(self, *, told: bool) -> None:
        """End on request of the developer's code; with `told`, the client gets FastRTC's `update_connection`, and closes on its side."""
        if told:
            self._send({"type": "update_connection", "data": "closed"})
        self._close("the server closed the connection")

    async def close(self, reason: str) -> None:
        """End the session and wait until it has ended. May be called repeatedly; only the first reason counts."""
        if self._runner is not None:
            self._close(reason)
        if self._closing is not None:
            await asyncio.shield(self._closing)

    def _begin(self) -> None:
        self._runner = self._make_runner()
        rate, layout = self._runner.input_format
        self._audio_input = AudioInput(rate, layout, self.line.kind, self._runner.is_idle)
        self._audio_output = AudioOutput(self._runner.output_rate)
        if self.stream.time_limit is not None:
            self._time_limit = self.loop.call_later(self.stream.time_limit, self._on_time_limit)
        self._runner.start()

    def _make_runner(self) -> HandlerRunner:
        stream, handler = self.stream, self.stream.handler
        if isinstance(handler, StreamHandlerBase):
            copy: Any = handler
            return StreamHandlerRunner(self, copy.copy(), audio=stream.has_audio, video=stream.has_video, receives=stream.mode != "receive")
        video = handler if isinstance(handler, VideoStreamHandler) else VideoStreamHandler(handler)
        if stream.mode == "receive":
            return GeneratorRunner(self, video.callable, video=stream.has_video, fps=video.fps)
        return VideoFunctionRunner(self, video)

    def _take_input(self, args: tuple[Any, ...]) -> None:
        if self._runner is not None and self._closing is None:
            self._runner.set_input(args)

    def _append_outputs(self, outputs: AdditionalOutputs) -> None:
        self.outputs.append(outputs)
        self._send({"type": "fetch_output", "data": []})
        if self.phone and isinstance(self._runner, StreamHandlerRunner):  # a telephone has no page that would send them back as inputs
            self._runner.handler.set_args([FRAME_PLACEHOLDER, *outputs.args])

    def _send(self, message: Message) -> None:
        if self.ended.is_set():
            return
        try:
            self.line.message(message)
        except Exception as error:
            logger.warning("a message could not be sent: %s", error_location(error))

    def _clear(self) -> None:
        if not self.ended.is_set():
            self._audio_output.clear()
            self.line.clear()

    def _in_loop(self, call: Any, *args: Any) -> None:
        """Call in the event loop: at once if this is its thread."""
        if threading.get_ident() == self._thread:
            call(*args)
        else:
            with suppress(RuntimeError):  # the loop is closed, and with it the session
                self.loop.call_soon_threadsafe(call, *args)

    def _on_time_limit(self) -> None:
        text = f"the time limit of {self.stream.time_limit:g} s is reached"
        self._send({"type": "end_stream", "data": text, "message": text})
        self._close(text)

    def _close_when_played(self, close: CloseStream) -> None:
        """End once the client has played the queued audio."""
        if not self._closed_by_handler:
            self._closed_by_handler = True
            self.spawn(self._play_out(close))

    async def _play_out(self, close: CloseStream) -> None:
        self._audio_output.pause()
        await self._audio_output.wait_until_played(LAST_SOUND_S)
        self._send({"type": "end_stream", "data": close.msg, "message": close.msg})
        self._close(close.msg, "closed by its handler")

    def _close(self, reason: str, logged: str = "") -> None:
        """End for a reason, which the client gets; `logged` replaces it in the log, where it holds text of a handler."""
        if self._closing is None:
            self._end_reason = logged or reason
            self._closing = asyncio.create_task(self._end(reason))

    async def _end(self, reason: str) -> None:
        work = self._runner
        if self._time_limit is not None:
            self._time_limit.cancel()
        try:
            if work is not None:
                await self._shut_down(work)
        except Exception as error:
            logger.error("a session did not end cleanly: %s", error_location(error))
        finally:
            if self.stream.participants.get(self.webrtc_id) is self:
                del self.stream.participants[self.webrtc_id]
            runtime().registry.remove(self, self._end_reason)
            self.ended.set()
            self._audio_output.close(discard=True)
            self._pictures.close(discard=True)
            self.outputs.close()
            self.calls.close()
            for future in list(self._thread_calls):
                future.cancel()
            try:
                await session_endpoint.withdraw(self)  # a client that sees the end may reconnect at once, to any process
            finally:
                self._hang_up(reason)

    def _hang_up(self, reason: str) -> None:
        if self._opened:
            self._opened = False
            try:
                self.line.hang_up(reason)
            except Exception as error:
                logger.error("a connection could not be ended: %s", error_location(error))

    async def _shut_down(self, work: HandlerRunner) -> None:
        """Call the handler's `shutdown` once, then end the tasks; both are limited in time, so that the slot is freed."""
        shutdown = self.spawn(work.shutdown())
        limit = (self.handler.shutdown_s if self.handler else None) or SHUTDOWN_S
        done, _ = await asyncio.wait({shutdown}, timeout=limit)
        if not done:
            logger.error("a handler's shutdown took more than %g s", limit)
        elif not shutdown.cancelled() and (error := shutdown.exception()) is not None:
            logger.error("a handler did not shut down cleanly: %s", error_location(error))
        for future in list(self._thread_calls):
            future.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=TASKS_END_S)
        work.stop()
        self.calls.close()
        for _ in range(RELEASE_TRIES):
            if not self.calls.blocked:
                return
            work.release()
            await asyncio.sleep(0.01)
        logger.warning("a handler still blocks a thread in %s after its session", ", ".join(self.calls.blocked))
