"""One live session of a stream, whatever the transport: sound and pictures in and out, inputs, outputs, an end that always comes.

A transport makes a participant with its line, opens it, offers what the client sends, and takes what the client gets, at the
client's pace. All methods belong to the event loop; those of `Host` that say so may be called from any thread.
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
from streaming.cluster.registry import TooManySessions, registry
from streaming.handlers.context import Context, Scene, error_message, scene, warning_message
from streaming.handlers.handler_types import VideoStreamHandler
from streaming.handlers.stream import Stream
from streaming.handlers.stream_handlers import PLACE_OF_SOUND, StreamHandlerBase
from streaming.sessions.audio_input import AudioInput, TranscriptUpdate
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
"""How long a handler's `shutdown` may take, where the handler does not say that it needs more."""
TASKS_END_S = 1.0
WAKINGS = MOST_LEFT + 5
"""Tries to wake what still blocks at the end; one may wake no more than one thread."""
LAST_SOUND_S = 60.0
"""How long a session that its handler closes waits until its sound was played."""
READY_PICTURES = 2


class StreamSession:
    """A session.

    Args:
        webrtc_id: the client's name for it, unique in its stream.
        owner_id: the user it belongs to; None for a visitor of a public stream.
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
        self._scene = Scene(Context(webrtc_id, None, owner_id, self.id), self.tell)
        self.calls = HandlerCalls(self._scene)
        self._tasks: set[asyncio.Task[None]] = set()
        self._waits: set[Future[Any]] = set()
        self._warned: set[str] = set()
        self._work: HandlerRunner | None = None
        self._framer = AudioInput(48000)
        self._playback = AudioOutput(24000)
        self._pictures: BoundedQueue[Picture] = BoundedQueue(READY_PICTURES)
        self._time_limit: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None
        self._finishing = False
        self._opened = False

    def belongs_to(self, user_id: int | None) -> bool:
        """Whether the session answers to this user; one without an owner answers to whoever knows its id."""
        return self.owner_id is None or self.owner_id == user_id

    @property
    def handler(self) -> StreamHandlerBase | None:
        """The handler object of this session; None where the stream has a function."""
        return self._work.handler if isinstance(self._work, StreamHandlerRunner) else None

    @property
    def fps(self) -> int:
        """The pace of pictures that do not follow the client's."""
        return self._work.fps if self._work else 30

    @property
    def output_rate(self) -> int:
        """Samples per second of every `AudioFrame` of this session."""
        return self._playback.rate

    async def open(self) -> None:
        """Take a slot, copy the handler and begin. Raises LimitReached or IdTaken; whatever fails, the slot is given back."""
        stream = self.stream
        if self.webrtc_id in stream.participants:
            raise IdTaken(self.webrtc_id, stream.participants[self.webrtc_id].owner_id)
        if stream.limit is not None and len(stream.participants) >= stream.limit:
            raise LimitReached(stream.limit)
        stream.participants[self.webrtc_id] = self
        try:
            registry().add(self)
            registry().start_background_tasks()
            await session_endpoint.claim(self)
            if self._closing is not None:  # the server goes down: an end that came before the beginning would end nothing
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

    # -- what transports offer

    def hear(self, block: TranscriptUpdate, rate: int) -> None:
        """Take the client's sound, int16 of shape (n,) or mu-law bytes, at any rate and in any portions."""
        if self._work is None or self._closing is not None or not self.stream.has_audio or self.stream.mode == "receive":
            return
        for frame in self._framer.push(block, rate):
            self._work.hear(frame)

    @property
    def may_rest(self) -> bool:
        """Whether the handler is one to which silence may mean nothing."""
        return self._work is not None and self._work.at_rest is not None

    @property
    def silent(self) -> bool:
        """Whether the client's sound was inaudible for a while, and nobody waits for it: then a transport may take its time."""
        return self._framer.silent

    @property
    def heard_s(self) -> float:
        """How much of the client's sound came so far, in seconds; counted for handlers that may rest."""
        return self._framer.heard_s

    @property
    def backlog_s(self) -> float:
        """How much of the client's audio waits for the handler, in seconds; 0 when nothing more will be taken."""
        return self._work.backlog_s if self._work is not None and self._closing is None else 0.0

    def see(self, frame: Picture) -> None:
        """Take one of the client's pictures, uint8 of shape (height, width, 3), blue green red."""
        if self._work is not None and self._closing is None and self.stream.has_video and self.stream.mode != "receive":
            self._work.see(frame)

    def set_input(self, *args: Any) -> None:
        """Give the handler its inputs; they are used from its next call on. Any thread: views of one's own need be no coroutines."""
        self._here(self._take_input, args)

    # -- what transports take

    async def sound(self) -> AudioFrame | None:
        """Return the next block for the client; waits for it. None when the session has no more sound."""
        return await self._playback.get()

    def send_through(self, outlet: ImmediateSink) -> None:
        """Let a block that nothing is ahead of go straight to `outlet`, whenever `sound` is being waited for."""
        self._playback.outlet = outlet

    async def picture(self) -> Picture | None:
        """Return the next picture for the client; waits for it. None when the session has no more."""
        try:
            return await self._pictures.get()
        except QueueClosed:
            return None

    def played(self, seconds: float) -> None:
        """Note that so many more seconds of what `sound` returned have been played; optional for transports that cannot know."""
        self._playback.played(seconds)

    # -- what the handler and its work ask for

    @property
    def playing(self) -> bool:
        """Whether the client still hears, or is about to hear, something of ours."""
        return self._playback.playing

    def tell(self, message: Message) -> None:
        """Send the client JSON. Any thread."""
        self._here(self._send, message)

    def warn_once(self, text: str) -> None:
        """Send the client a warning, unless it had the same one before."""
        if text not in self._warned:
            self._warned.add(text)
            self._send(warning_message(text))

    def clear_sound(self) -> None:
        """Drop all sound that was not played yet. Any thread."""
        self._here(self._clear)

    def interrupt(self) -> None:
        """Drop all sound and whatever the handler is about to return; then ask for the next item."""
        self._clear()
        if self._work is not None:
            self._work.emit_afresh()

    def wait_here(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the event loop and wait for it. From threads only; raises CancelledError when the session ends."""
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        self._waits.add(future)
        try:
            if self.ended.is_set():
                future.cancel()
            return future.result()
        finally:
            self._waits.discard(future)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine until the session ends, in the context of its handler."""
        context = contextvars.copy_context()
        context.run(scene.set, self._scene)
        task = asyncio.create_task(work, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def deliver(self, item: Item, *, live: bool = False) -> bool:
        """Pass on what the handler gave, waiting while too much is ahead (`live`: dropping older pictures). False after CloseStream."""
        for outputs in item.outputs:
            self._put_out(outputs)
        receives = self.stream.mode != "send"
        if item.pcm is not None and receives:
            await self._playback.put(item.pcm, item.rate)
        if item.picture is not None and receives:
            if live and len(self._pictures) >= READY_PICTURES:
                self._pictures.clear()
            await self._pictures.put_when_room(item.picture)
        if item.close is not None:
            self._finish(item.close)
        return item.close is None

    # -- the end

    def end_early(self, end: End) -> None:
        """End for a reason of the server's; the client is told it."""
        if end is not End.SHUTDOWN:  # of which it hears by its connection
            self._send(error_message(TEXTS[end]))
        if end is End.REVOKED:  # whatever the handler's end still brings, this client is not told
            self._playback.close(discard=True)
            self._hang_up(TEXTS[end])
        self._close(TEXTS[end])

    def dismiss(self, *, told: bool) -> None:
        """End because the developer's code says so; where it is told, the client gets FastRTC's message, and closes on its part."""
        if told:
            self._send({"type": "update_connection", "data": "closed"})
        self._close("the server closed the connection")

    async def close(self, reason: str) -> None:
        """End the session; returns when it has ended. Any number of calls; only the first reason counts."""
        if self._work is not None:
            self._close(reason)
        if self._closing is not None:
            await asyncio.shield(self._closing)

    def _begin(self) -> None:
        self._work = self._make_work()
        rate, layout = self._work.framed
        self._framer = AudioInput(rate, layout, self.line.kind, self._work.at_rest)
        self._playback = AudioOutput(self._work.output_rate)
        if self.stream.time_limit is not None:
            self._time_limit = self.loop.call_later(self.stream.time_limit, self._out_of_time)
        self._work.start()

    def _make_work(self) -> HandlerRunner:
        stream, handler = self.stream, self.stream.handler
        if isinstance(handler, StreamHandlerBase):
            copy: Any = handler
            return StreamHandlerRunner(self, copy.copy(), audio=stream.has_audio, video=stream.has_video, receives=stream.mode != "receive")
        video = handler if isinstance(handler, VideoStreamHandler) else VideoStreamHandler(handler)
        if stream.mode == "receive":
            return GeneratorRunner(self, video.callable, video=stream.has_video, fps=video.fps)
        return VideoFunctionRunner(self, video)

    def _take_input(self, args: tuple[Any, ...]) -> None:
        if self._work is not None and self._closing is None:
            self._work.set_input(args)

    def _put_out(self, outputs: AdditionalOutputs) -> None:
        self.outputs.append(outputs)
        self._send({"type": "fetch_output", "data": []})
        if self.phone and isinstance(self._work, StreamHandlerRunner):  # nobody is there to send them back as inputs
            self._work.handler.set_args([PLACE_OF_SOUND, *outputs.args])

    def _send(self, message: Message) -> None:
        if self.ended.is_set():
            return
        try:
            self.line.message(message)
        except Exception as error:
            logger.warning("a message could not be sent: %s", error_location(error))

    def _clear(self) -> None:
        if not self.ended.is_set():
            self._playback.clear()
            self.line.clear()

    def _here(self, call: Any, *args: Any) -> None:
        """Call in the event loop: at once when this is its thread."""
        if threading.get_ident() == self._thread:
            call(*args)
        else:
            with suppress(RuntimeError):  # the loop is closed: nobody listens
                self.loop.call_soon_threadsafe(call, *args)

    def _out_of_time(self) -> None:
        text = f"the time limit of {self.stream.time_limit:g} s is reached"
        self._send({"type": "end_stream", "data": text, "message": text})
        self._close(text)

    def _finish(self, close: CloseStream) -> None:
        """End once the client has heard what was said."""
        if not self._finishing:
            self._finishing = True
            self.spawn(self._play_out(close))

    async def _play_out(self, close: CloseStream) -> None:
        self._playback.pause()
        await self._playback.heard(LAST_SOUND_S)
        self._send({"type": "end_stream", "data": close.msg, "message": close.msg})
        self._close(close.msg)

    def _close(self, reason: str) -> None:
        if self._closing is None:
            self._closing = asyncio.create_task(self._end(reason))

    async def _end(self, reason: str) -> None:
        work = self._work
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
            registry().remove(self)
            self.ended.set()
            self._playback.close(discard=True)
            self._pictures.close(discard=True)
            self.outputs.close()
            self.calls.close()
            for future in list(self._waits):
                future.cancel()
            try:
                await session_endpoint.withdraw(self)  # a client that hears of the end may come back at once, to any process
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
        """Call the handler's `shutdown`, once, then end the tasks; neither may hold the slot for long."""
        shutdown = self.spawn(work.shutdown())
        limit = (self.handler.shutdown_s if self.handler else None) or SHUTDOWN_S
        done, _ = await asyncio.wait({shutdown}, timeout=limit)
        if not done:
            logger.error("a handler's shutdown took more than %g s", limit)
        elif not shutdown.cancelled() and (error := shutdown.exception()) is not None:
            logger.error("a handler did not shut down cleanly: %s", error_location(error))
        for future in list(self._waits):
            future.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=TASKS_END_S)
        work.stop()
        self.calls.close()
        for _ in range(WAKINGS):
            if not self.calls.blocked:
                return
            work.release()
            await asyncio.sleep(0.01)
        logger.warning("a handler still blocks a thread in %s after its session", ", ".join(self.calls.blocked))
