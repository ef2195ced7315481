"""One client's live connection, on any transport: its slot, its limits, its tasks, and exactly one end (design law 5).

A transport creates a session with its connection and opens it. The session makes a runner, which passes what the client sends to a handler
and what that returns to the client: `MediaRunner` for streams, `SymblSpeaker` for speakers of the Symbl protocol. All methods are called
in the event loop, except those that say otherwise.
"""

import asyncio
import contextvars
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.conf import settings

from insights.access import Grant
from insights.safe_log import error_location
from streaming.aio.bounded_queue import BoundedQueue, QueueClosed
from streaming.aio.fairness import CooperativeYield
from streaming.aio.worker_thread import MOST_LEFT
from streaming.cluster import session_endpoint
from streaming.cluster.registry import TooManySessions
from streaming.cluster.runtime import runtime
from streaming.handlers.context import Context, SessionContext, current_session, warning_message
from streaming.handlers.stream import Stream
from streaming.protocols.json_message import JsonMessage
from streaming.types.client_connection import ClientConnection, IdTaken, LimitReached
from streaming.types.outputs import OutputLog
from streaming.types.session_end import AT_ONCE, TEXTS, End

logger = logging.getLogger(__name__)
T = TypeVar("T")

SHUTDOWN_S = 20.0
"""Seconds that a runner's `shutdown` may take, where its `shutdown_s` does not say otherwise."""
TASKS_END_S = 1.0
"""Seconds that the session's cancelled tasks may take to end."""
RELEASE_TRIES = MOST_LEFT + 5
"""Tries to wake blocked threads at the end; each may wake one thread only."""
BUSY_POLL_S = 1.0
"""Seconds between two checks of the idle limit while the client waits for us."""


class Runner:
    """What a session runs: a handler, with its input and output."""

    shutdown_s: float | None = None
    """Seconds that `shutdown` may take; None: SHUTDOWN_S."""

    @property
    def called(self) -> Any:
        """The developer's handler object or function."""
        return self

    def start(self) -> None:
        """Start the tasks."""
        raise NotImplementedError

    def set_input(self, args: tuple[Any, ...]) -> None:
        """Take new inputs of the client."""

    def on_end(self, end: End, reason: str) -> None:
        """Take no more input, and notify the client if the closed connection does not say why; the session begins to end."""

    async def shutdown(self, end: End) -> None:
        """Process the queued input, then shut the handler down. Called once."""

    def stop(self) -> None:
        """Release resources without waiting; called after `shutdown`, when the tasks have ended."""

    @property
    def blocked(self) -> list[str]:
        """Names of the handler's methods that are still running in threads."""
        return []

    def release(self) -> None:
        """Wake threads that are still blocked; may be called repeatedly."""


R = TypeVar("R", bound=Runner)


class Session(Generic[R]):
    """One session.

    Args:
        connection: the connection to the client.
        owner_id: the user it belongs to; None for an anonymous client of a public stream.
        webrtc_id: the id that the client chose; unique among the sessions of its owner in the stream.
        make_runner: returns the runner; called once the session has its slot.
        stream: the stream, with its own limits; None for the Symbl protocol.
        grant: what the client was allowed by: once it is no longer valid, the session ends as REVOKED. None for an anonymous client.
        user_data: what the handler finds in its context as `user_data`.
    """

    def __init__(
        self,
        connection: ClientConnection,
        owner_id: int | None,
        webrtc_id: str,
        make_runner: "Callable[[Session[R]], R]",
        stream: Stream | None = None,
        grant: Grant | None = None,
        user_data: Any = None,
    ) -> None:
        self.id: UUID = uuid4()
        self.connection = connection
        self.owner_id = owner_id
        self.webrtc_id = webrtc_id
        self.resume = ""
        """The value with which the client may renew the session (`new_resume_value`); empty if it did not ask for one."""
        self.outputs = OutputLog()
        self.fetched = 0
        """Number of the last output that `Stream.fetch_latest_output` returned."""
        self.ended = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        self.runtime = runtime()
        self.context = SessionContext(Context(webrtc_id, None, owner_id, self.id, user_data), self.send_message)
        self._grant = grant
        self._stream = stream
        self._make_runner = make_runner
        self._runner: R | None = None
        self._thread = threading.get_ident()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread_calls: set[Future[Any]] = set()
        self._warned: set[str] = set()
        self._opened = False
        self._started = False
        self._ending: asyncio.Task[None] | None = None
        self._time_limit: asyncio.TimerHandle | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._idle_limit_s: float | None = None
        self._active_at = 0.0
        self._busy_since: float | None = None

    @property
    def stream(self) -> Stream:
        """The stream of this session. Raises RuntimeError for a session without one."""
        if self._stream is None:
            raise RuntimeError("this session has no stream")
        return self._stream

    @property
    def runner(self) -> R:
        """The runner. Raises RuntimeError before the session is open."""
        if self._runner is None:
            raise RuntimeError("this session is not open yet")
        return self._runner

    @property
    def handler(self) -> Any:
        """The developer's handler object or function that this session calls; None before the session is open."""
        return None if self._runner is None else self._runner.called

    @property
    def ending(self) -> bool:
        """Whether the session ends, or has ended."""
        return self._ending is not None

    # -- the start

    async def open(self, *, start: bool = True) -> R:
        """Take a slot, make the runner and, by default, start it. Raises LimitReached or IdTaken; the slot is freed on every failure."""
        self._take_place_in_stream()
        try:
            name = "conversation" if self._stream is None else self._stream.name
            who = "anonymous" if self.owner_id is None else f"user {self.owner_id}"
            # Without the id that the client chose: it gives access to a public stream, and this goes into the log.
            self.runtime.registry.add(self, f"stream {name}, {self.connection.kind}, {who}")
            if self._stream is not None:
                await session_endpoint.claim(self)
            if self._ending is not None:  # the server is shutting down: an end before the start would have no effect
                raise TooManySessions
            self._runner = runner = self._make_runner(self)
            if self._stream is not None and self._stream.time_limit is not None:
                self._time_limit = self.loop.call_later(self._stream.time_limit, self._on_time_limit, self._stream.time_limit)
            if start:
                self._started = True
                runner.start()
            self._opened = True
        except BaseException as error:
            self.end(End.FAILED, "failed to begin")
            assert self._ending is not None  # noqa: S101  # it is ending now
            await asyncio.shield(self._ending)
            if isinstance(error, TooManySessions):
                raise LimitReached(settings.SESSION_LIMIT) from None
            raise
        self.runtime.revocation.note(self, self._grant)
        if self._stream is not None:
            session_endpoint.announce(self)
            self._stream.arrived()
        return runner

    def start(self) -> None:
        """Start the runner of a session that was opened without; idempotent."""
        if self._started or self._ending is not None or self._runner is None:
            return
        self._started = True
        try:
            self._runner.start()
        except Exception as error:
            logger.error("session %s could not start: %s", self.id, error_location(error))
            self.end(End.FAILED)

    def _take_place_in_stream(self) -> None:
        stream = self._stream
        if stream is None:
            return
        if stream.sessions.of(self.owner_id, self.webrtc_id) is not None:
            raise IdTaken
        if stream.limit is not None and stream.sessions.count >= stream.limit:
            raise LimitReached(stream.limit)
        stream.sessions.add(self)

    # -- for transports and runners

    def set_input(self, *args: Any) -> None:
        """Set the handler's inputs, used from its next call on. Any thread, so that synchronous views can call it."""
        self.in_loop(self._take_input, args)

    def send_message(self, message: JsonMessage) -> None:
        """Send the client JSON. Any thread."""
        self.in_loop(self._send, message)

    def warn_once(self, text: str) -> None:
        """Send the client a warning, unless the same one was sent before."""
        if text not in self._warned:
            self._warned.add(text)
            self._send(warning_message(text))

    async def serve(self, inbox: BoundedQueue[T], receive: Callable[[T], Awaitable[Any]]) -> None:
        """Pass on the items of an inbox one after the other until it is closed and empty; an exception ends the session as FAILED."""
        fair = CooperativeYield()
        try:
            while True:
                item = await inbox.get()
                fair.begin_item()
                await receive(item)
                if fair.ends_turn():
                    await fair.pause()
        except QueueClosed:
            return
        except Exception as error:
            logger.error("session %s failed: %s", self.id, error_location(error))
            self.end(End.FAILED)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine until the session ends, in the context of its handler."""
        context = contextvars.copy_context()
        context.run(current_session.set, self.context)
        task = asyncio.create_task(work, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

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

    # -- the idle limit

    def set_idle_limit(self, seconds: float | None) -> None:
        """End the session as IDLE once the client was inactive for so many seconds, counted from now; None: never."""
        self._active_at = self.loop.time()
        if seconds == self._idle_limit_s:
            return
        self._idle_limit_s = seconds
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        if seconds is not None and self._ending is None:
            self._idle_timer = self.loop.call_later(seconds, self._check_idle)

    def touch(self) -> None:
        """Note that the client was active."""
        self._active_at = self.loop.time()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Stop the clock of the idle limit while the client waits for us."""
        began = self._busy_since = self.loop.time()
        try:
            yield
        finally:
            self._busy_since = None
            self._active_at += self.loop.time() - began

    def _check_idle(self) -> None:
        if self._idle_limit_s is None:
            return
        now = self.loop.time()
        left = self._active_at + self._idle_limit_s - (now if self._busy_since is None else self._busy_since)
        if left <= 0 and self._busy_since is None:
            self.end(End.IDLE, "silence")
        else:
            self._idle_timer = self.loop.call_later(left if self._busy_since is None else max(left, BUSY_POLL_S), self._check_idle)

    def _on_time_limit(self, seconds: float) -> None:
        self.end(End.TIME_LIMIT, f"the time limit of {seconds:g} s is reached")

    # -- the end

    def end_early(self, end: End) -> None:
        """End for a reason of the server; what was received is still processed and stored."""
        self.end(end, TEXTS[end])

    def dismiss(self, *, notify: bool) -> None:
        """End on request of the developer's code; with `notify`, the client gets FastRTC's `update_connection`, and closes on its side."""
        if notify:
            self._send({"type": "update_connection", "data": "closed"})
        self.end(End.CLOSED, "the server closed the connection")

    async def close(self, reason: str) -> None:
        """End the session and wait until it has ended. May be called repeatedly; only the first reason counts."""
        if self._runner is not None:
            self.end(End.CLOSED, reason)
        if self._ending is not None:
            await asyncio.shield(self._ending)

    def end(self, end: End, reason: str = "") -> None:
        """Begin to end; only the first call counts, except that REVOKED, OVERRUN and DELETED close the connection at any time, at once."""
        if self.ended.is_set() or (self._ending is not None and end not in AT_ONCE):
            return
        if self._runner is not None:
            self._runner.on_end(end, reason)
        if end in AT_ONCE:
            self._hang_up(end, reason)
        if self._ending is None:
            self._ending = asyncio.create_task(self._run_end(end, reason))

    async def _run_end(self, end: End, reason: str) -> None:
        for timer in (self._time_limit, self._idle_timer):
            if timer is not None:
                timer.cancel()
        try:
            if self._runner is not None:
                await self._shut_down(self._runner, end)
        except Exception as error:
            logger.error("a session did not end cleanly: %s", error_location(error))
        finally:
            if self._stream is not None:
                self._stream.sessions.remove(self)
            self.runtime.registry.remove(self, _logged_reason(end, reason))
            self.ended.set()
            self.outputs.close()
            self._cancel_thread_calls()
            try:
                if self._stream is not None:  # a client that sees the end may reconnect at once, to any process
                    await session_endpoint.withdraw(self)
            finally:
                self._hang_up(end, reason)

    async def _shut_down(self, runner: R, end: End) -> None:
        """Call the `shutdown` of a runner that was started, then end the tasks; both are limited in time, so that the slot is freed."""
        if self._started:
            await self._call_shutdown(runner, end)
        self._cancel_thread_calls()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=TASKS_END_S)
        runner.stop()
        for task in list(self._tasks):  # those that began while the others ended, such as the reply to the last words of the user
            task.cancel()
        for _ in range(RELEASE_TRIES):
            if not runner.blocked:
                return
            runner.release()
            await asyncio.sleep(0.01)
        logger.warning("a handler still blocks a thread in %s after its session", ", ".join(runner.blocked))

    async def _call_shutdown(self, runner: R, end: End) -> None:
        shutdown = self.spawn(runner.shutdown(end))
        limit = runner.shutdown_s or SHUTDOWN_S
        done, _ = await asyncio.wait({shutdown}, timeout=limit)
        if not done:
            logger.error("a handler's shutdown took more than %g s", limit)
        elif not shutdown.cancelled() and (error := shutdown.exception()) is not None:
            logger.error("a handler did not shut down cleanly: %s", error_location(error))

    def _hang_up(self, end: End, reason: str) -> None:
        if self._opened:
            self._opened = False
            try:
                self.connection.hang_up(end, reason)
            except Exception as error:
                logger.error("a connection could not be ended: %s", error_location(error))

    def _cancel_thread_calls(self) -> None:
        for future in list(self._thread_calls):
            future.cancel()

    # -- in the event loop

    def _take_input(self, args: tuple[Any, ...]) -> None:
        if self._runner is not None and self._ending is None:
            self._runner.set_input(args)

    def _send(self, message: JsonMessage) -> None:
        if self.ended.is_set():
            return
        try:
            self.connection.message(message)
        except Exception as error:
            logger.warning("a message could not be sent: %s", error_location(error))

    def in_loop(self, call: Any, *args: Any) -> None:
        """Call in the event loop: at once if this is its thread."""
        if threading.get_ident() == self._thread:
            call(*args)
        else:
            with suppress(RuntimeError):  # the loop is closed, and with it the session
                self.loop.call_soon_threadsafe(call, *args)


def _logged_reason(end: End, reason: str) -> str:
    """Return why a session ended, without the text of a handler."""
    if end is End.FINISHED and reason:
        return "closed by its handler"
    return reason or end.value
