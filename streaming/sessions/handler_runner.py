"""Runners of streams, one for each kind of handler: handler objects, functions of video frames, generator functions."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from insights.access import Grant
from streaming.aio.bounded_queue import BoundedQueue, FullPolicy
from streaming.aio.isolation import ANY_ERROR, as_exception
from streaming.handlers.generators import GeneratorRun, GeneratorRuns
from streaming.handlers.handler_types import VideoStreamHandler, is_async, positional
from streaming.handlers.stream import Stream
from streaming.handlers.stream_handlers import (
    FRAME_PLACEHOLDER,
    AsyncAudioVideoStreamHandler,
    AsyncStreamHandler,
    AudioFrame,
    AudioVideoStreamHandler,
    InLoopHandler,
    StreamHandler,
    StreamHandlerBase,
)
from streaming.sessions.media_runner import MediaRunner, ParsedResult, audio_item, video_item
from streaming.sessions.session import Session
from streaming.types.client_connection import MediaConnection, VideoFrame
from streaming.types.session_end import End

StreamSession = Session[MediaRunner]
"""A session of a stream."""

FRAME_S = 0.02
WAITING_FRAMES = 700
"""Frames queued for a slow `receive`: 14 s. One message holds up to 12 s, so it fits where back-pressure stops the client."""
WAITING_VIDEO_FRAMES = 8
"""Video frames queued for a slow handler."""
EMPTY_PAUSE_S = 0.02
"""Seconds between two calls of an `emit` that returns nothing."""
EARLY_FRAMES = 5
"""Video frames that `video_emit` may return before their time."""
AFTER_ERROR_S = 0.1
"""Seconds before the next call after an exception."""
THE_REST_S = 1.0
"""Seconds that a handler may take at the end for the queued frames."""


class FramePace:
    """The frame rate of video that a handler makes: when the next frame may be requested. Times are in seconds, monotonic.

    Args:
        fps: frames per second; 0: no limit.
        early: frames that may come before their time. The frames of a camera arrive unevenly; a handler that passes them on would
            otherwise keep each delay for good, as they do not arrive more slowly than they are sent.
    """

    def __init__(self, fps: float, early: int = 1) -> None:
        self._interval_s = 1 / fps if fps > 0 else 0.0
        self._early_s = early * self._interval_s
        self._due = float("-inf")

    def delay_s(self, now: float) -> float:
        """Return how long to wait after a frame at this time before the next one is requested."""
        self._due = max(self._due, now - self._early_s) + self._interval_s
        return max(0.0, self._due - now)


def stream_session(
    stream: Stream,
    webrtc_id: str,
    owner_id: int | None,
    connection: MediaConnection,
    grant: Grant | None = None,
    user_data: Any = None,
) -> StreamSession:
    """Return a session of a stream, to be opened."""
    return Session(connection, owner_id, webrtc_id, partial(make_runner, connection), stream, grant, user_data)


def make_runner(connection: MediaConnection, session: StreamSession) -> MediaRunner:
    """Return the runner for the handler of a session's stream."""
    stream, handler = session.stream, session.stream.handler
    if isinstance(handler, StreamHandlerBase):
        copy: Any = handler
        return StreamHandlerRunner(session, connection, copy.copy())
    video = handler if isinstance(handler, VideoStreamHandler) else VideoStreamHandler(handler)
    if stream.mode == "receive":
        return GeneratorRunner(session, connection, video.callable, video=stream.has_video, fps=video.fps)
    return VideoFunctionRunner(session, connection, video)


class StreamHandlerRunner(MediaRunner):
    """Runs a handler object: `start_up`, `receive` and `emit` run concurrently, each at its own pace."""

    handler: StreamHandlerBase

    def __init__(self, session: StreamSession, connection: MediaConnection, handler: StreamHandlerBase) -> None:
        in_loop = handler if isinstance(handler, InLoopHandler) else None
        super().__init__(
            session,
            connection,
            input_format=(handler.input_sample_rate, handler.expected_layout),
            output_rate=handler.output_sample_rate,
            is_idle=in_loop.parley_at_rest if in_loop is not None and in_loop.parley_receives_at_once else None,
        )
        self.audio_output.pausable = in_loop is not None and in_loop.parley_pauses
        self.handler = handler
        self.shutdown_s = handler.shutdown_s
        self._in_loop = in_loop
        self._audio = session.stream.has_audio
        self._video = session.stream.has_video and isinstance(handler, AudioVideoStreamHandler | AsyncAudioVideoStreamHandler)
        self._audio_frames: BoundedQueue[AudioFrame] = BoundedQueue(WAITING_FRAMES, FullPolicy.DROP_OLDEST)
        self._video_frames: BoundedQueue[VideoFrame] = BoundedQueue(WAITING_VIDEO_FRAMES, FullPolicy.DROP_OLDEST)
        self._receive_tasks: list[asyncio.Task[None]] = []
        self._emit_task: asyncio.Task[None] | None = None
        self._shutting_down = False
        self._receive_now: Callable[[AudioFrame], None] | None = None
        """Receives frames inline, where set; otherwise they are queued for a task."""
        handler.parley_join(self)

    @property
    def called(self) -> Any:
        return self.handler

    def start(self) -> None:
        handler: Any = self.handler
        bind, spawn = self.calls.bind, self.spawn
        if _is_overridden(handler.start_up):
            spawn(self._start_up(bind(handler.start_up, "start_up")))
        if self._audio:
            if self._in_loop is not None and self._in_loop.parley_receives_at_once:
                self._receive_now = lambda frame: handler.receive(frame)  # `receive` may be replaced during the session
            elif self._takes_audio:
                receive = bind(handler.receive, "receive", bare=True)
                self._receive_tasks.append(spawn(self.session.serve(self._audio_frames, self._reporting(receive))))
            self.restart_emit()
        if self._video:
            if self._takes_video:
                receive = bind(handler.video_receive, "video_receive", bare=True)
                self._receive_tasks.append(spawn(self.session.serve(self._video_frames, self._reporting(receive))))
            spawn(self._run_emit(handler.video_emit, "video_emit", video_item, FramePace(handler.fps, EARLY_FRAMES)))

    def restart_emit(self) -> None:
        if self._emit_task is not None:
            self._emit_task.cancel()
            self.calls.abandon("emit")
        handler: Any = self.handler
        emit = handler.emit if self._in_loop is None else self._in_loop.parley_emitter()
        self._emit_task = self.spawn(self._run_emit(emit, "emit", audio_item))

    def receive_audio(self, frame: AudioFrame) -> None:
        if self._receive_now is not None:
            try:
                self._receive_now(frame)
            except (Exception, *ANY_ERROR) as error:
                self.calls.report(as_exception(error))
            return
        self._audio_frames.put(frame)
        if self._audio_frames.dropped:
            self.session.warn_once("this stream processes audio more slowly than it arrives; some was dropped")

    @property
    def backlog_s(self) -> float:
        if not self._takes_audio:
            return 0.0
        queued_s = len(self._audio_frames) * FRAME_S
        return queued_s if self._in_loop is None else max(queued_s, self._in_loop.parley_backlog_s)

    def receive_video(self, frame: VideoFrame) -> None:
        self._video_frames.put(frame)

    def set_input(self, args: tuple[Any, ...]) -> None:
        self.handler.set_args([FRAME_PLACEHOLDER, *args])

    async def shutdown(self, end: End) -> None:
        await self._drain()
        self._shutting_down = True
        handler: Any = self.handler
        if _is_overridden(handler.shutdown):
            await self.calls.bind(handler.shutdown, "shutdown")()

    def stop(self) -> None:
        self._audio_frames.close(discard=True)
        self._video_frames.close(discard=True)
        super().stop()
        self.handler.parley_leave()

    def release(self) -> None:
        self.handler.parley_release()

    async def _drain(self) -> None:
        """Let `receive` process the queued frames, for at most `THE_REST_S`."""
        self._audio_frames.close()
        self._video_frames.close()
        if self._receive_tasks:
            await asyncio.wait(self._receive_tasks, timeout=THE_REST_S)

    async def _start_up(self, call: Callable[[], Awaitable[Any]]) -> None:
        try:
            await call()
        except Exception as error:
            self.calls.report(error)
        finally:
            self.calls.abandon("start_up")

    def _reporting(self, receive: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[None]]:
        """Return a function that reports what `receive` raises: a handler that fails with one frame gets the next one."""

        async def call(frame: Any) -> None:
            try:
                await receive(frame)
            except (Exception, *ANY_ERROR) as error:
                self.calls.report(as_exception(error))

        return call

    async def _run_emit(
        self, method: Callable[[], Any], name: str, to_item: Callable[[Any], ParsedResult], pace: FramePace | None = None
    ) -> None:
        """Call `emit` repeatedly; a blocking one only until `shutdown` begins, which wakes it for the last time."""
        loop = asyncio.get_running_loop()
        emit, blocks = self.calls.bind(method, name, bare=True), not is_async(method)
        waits_itself = self._in_loop is not None and self._in_loop.parley_waits_itself
        while not (blocks and self._shutting_down):
            began = loop.time()
            try:
                value = await emit()
                if value is None:
                    await asyncio.sleep(0 if waits_itself else max(0.0, EMPTY_PAUSE_S - (loop.time() - began)))  # the loop must not spin
                elif not await self.deliver(item := to_item(value)):
                    return
                elif item.pcm is None and item.frame is None:
                    await asyncio.sleep(0)  # an `emit` that only returns outputs, without waiting, must not stop the event loop
                elif pace is not None and item.frame is not None:
                    await asyncio.sleep(pace.delay_s(loop.time()))
            except (Exception, *ANY_ERROR) as error:
                self.calls.report(as_exception(error))
                await asyncio.sleep(AFTER_ERROR_S)


def session_copy(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function for one session: an object with a method `copy` is copied, so that it may keep state per session."""
    copy = getattr(function, "copy", None)
    made = copy() if copy is not None and not isinstance(function, type) else function
    return made if callable(made) else function


class VideoFunctionRunner(MediaRunner):
    """Runs a function (image, *inputs) -> image."""

    def __init__(self, session: StreamSession, connection: MediaConnection, handler: VideoStreamHandler) -> None:
        super().__init__(session, connection)
        self._function = session_copy(handler.callable)
        self._needed = positional(self._function)[0]
        self._args: tuple[Any, ...] = ()
        self._frames: BoundedQueue[VideoFrame] = BoundedQueue(1 if handler.skip_frames else WAITING_VIDEO_FRAMES, FullPolicy.DROP_OLDEST)

    @property
    def called(self) -> Any:
        return self._function

    def start(self) -> None:
        self.spawn(self._run())

    def receive_video(self, frame: VideoFrame) -> None:
        self._frames.put(frame)

    def set_input(self, args: tuple[Any, ...]) -> None:
        self._args = args

    def stop(self) -> None:
        self._frames.close(discard=True)
        super().stop()

    async def _run(self) -> None:
        call = self.calls.bind(self._function, "video")
        while True:
            frame = await self._frames.get()
            try:
                ready = self._needed <= 1 + len(self._args)  # until the inputs arrive, video frames pass unchanged
                item = video_item(await call(frame, *self._args)) if ready else ParsedResult(frame=frame)
                if not await self.deliver(item, live=True):
                    return
            except Exception as error:
                self.calls.report(error)


class GeneratorRunner(MediaRunner):
    """Runs a generator function (*inputs), for mode "receive". New inputs restart it."""

    def __init__(
        self, session: StreamSession, connection: MediaConnection, function: Callable[..., Any], *, video: bool, fps: int = 30
    ) -> None:
        super().__init__(session, connection)
        self._function = session_copy(function)
        self._needed = positional(self._function)[0]
        self._to_item: Callable[[Any], ParsedResult] = video_item if video else audio_item
        self._pace = FramePace(fps) if video else None
        self._runs = GeneratorRuns()
        self._run: GeneratorRun | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def called(self) -> Any:
        return self._function

    def start(self) -> None:
        if self._task is not None:  # inputs came before the client was connected
            return
        if self._needed == 0:
            self._restart(())
        else:
            self.send_message({"type": "send_input", "data": []})

    def set_input(self, args: tuple[Any, ...]) -> None:
        self._restart(args)

    def stop(self) -> None:
        self._close_run()
        super().stop()

    def _close_run(self) -> None:
        if self._run is not None:
            self._run.close()

    def _restart(self, args: tuple[Any, ...]) -> None:
        if self._task is not None:
            self._task.cancel()
            self.clear_audio()
        self._close_run()
        self._task = self.spawn(self._iterate(args))

    async def _iterate(self, args: tuple[Any, ...]) -> None:
        self._run = run = await self._runs.begin(self._function, args)
        try:
            while await self.deliver(self._to_item(await run.next())):
                if self._pace is not None:
                    await asyncio.sleep(self._pace.delay_s(self.loop.time()))
        except StopAsyncIteration:
            pass
        except Exception as error:
            self.calls.report(error)
            await asyncio.sleep(AFTER_ERROR_S)
        finally:
            run.close()


def _is_overridden(method: Callable[[], Any]) -> bool:
    """Return whether a developer overrides this method: the base classes' methods do nothing and need no thread."""
    return getattr(method, "__func__", None) not in (
        StreamHandler.start_up,
        StreamHandler.shutdown,
        AsyncStreamHandler.start_up,
        AsyncStreamHandler.shutdown,
    )
