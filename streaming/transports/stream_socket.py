"""The common base of the stream WebSockets (FastRTC clients and telephone): a session, and its audio sent in real time.

The consumer is the session's `ClientConnection`. Audio is written directly to the server, paced by a clock; messages go through
the send queue.
"""

import asyncio
import logging
from typing import Any

from django.conf import settings

from insights.safe_log import error_location
from streaming.aio.send_queue import NORMAL, POLICY
from streaming.cluster.runtime import runtime
from streaming.cluster.session_endpoint import end_resumed
from streaming.handlers.stream import Stream
from streaming.protocols import fastrtc as wire
from streaming.protocols.json_message import JsonMessage
from streaming.sessions.audio_io import AudioBlock
from streaming.sessions.handler_runner import StreamSession, stream_session
from streaming.sessions.media_runner import MediaRunner
from streaming.transports.auth import grant_of
from streaming.transports.consumer import RESTART, Consumer, keep_task
from streaming.transports.http_auth import Requester, find_stream
from streaming.transports.loop_lag import Lag
from streaming.transports.pacing import PlaybackPace
from streaming.transports.read_batching import BATCH_S, ReadBatching
from streaming.types.asgi import AsgiMessage, AsgiReceive
from streaming.types.client_connection import AudioFrame, IdTaken, LimitReached, TransportKind, new_resume_value
from streaming.types.session_end import End

logger = logging.getLogger(__name__)

BACKLOG_S = 1.0
"""Seconds of audio that may wait for a session's handler before back-pressure stops the client."""
BACKLOG_POLL_S = 0.02
STALLED_S = 30.0
"""Seconds after which a handler that takes no audio no longer stops the reading; otherwise a disconnect would go unnoticed."""
LEAD_S = 0.2
"""Seconds that audio may be sent ahead of real time. It hides network jitter, but an interruption cannot take it back."""
PAUSABLE_LEAD_S = 0.06
"""The same where a reply may be paused: then it is silent within 0.2 s of the start of the user's speech."""
PAUSABLE_CATCH_UP_S = 0.04
"""Seconds of audio beyond it that are sent ahead after a stall, there."""
REPORT_S = 0.1
"""Seconds after its due time at which audio is counted as played."""
LAST_WORDS_S = 5.0
"""Seconds that the rest of the audio may take to be sent at the end of a session."""
FAILED = 1011


class StreamConsumer(Consumer):
    """One WebSocket of a stream; subclasses implement the protocol."""

    kind: TransportKind = "websocket"
    pausable_lead_s = PAUSABLE_LEAD_S
    pausable_catch_up_s = PAUSABLE_CATCH_UP_S
    stream: Stream
    session: StreamSession | None = None

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self._lag = runtime().part(Lag)
        self.pace = PlaybackPace(LEAD_S, self._lag.stalled)
        self._start_timeout_s = settings.START_TIMEOUT_S
        self._stalled = False
        self._audio_task: asyncio.Task[None] | None = None
        self._start_timer: asyncio.TimerHandle | None = None
        self._report_timer: asyncio.TimerHandle | None = None
        self._next_frame: AudioFrame | None = None
        """Taken from the session, and not sent yet."""

    async def connected(self) -> None:
        """Find the stream, start the timeout for the client's start, and authenticate."""
        stream = find_stream(self.scope["url_route"]["kwargs"].get("name") or "")
        if stream is None:
            self.refuse(wire.failed("unknown_stream"))
        elif stream.modality != "audio":
            self.refuse(wire.failed(f"this stream's modality is {stream.modality}: only audio goes over a WebSocket, use WebRTC"))
        else:
            self.stream = stream
            self.start_within(settings.START_TIMEOUT_S)
            await self.authenticated()

    def start_within(self, seconds: float) -> None:
        """Close the socket unless its client starts within so many seconds from now; the shortest of several limits applies."""
        self._start_timeout_s = min(seconds, self._start_timeout_s)
        if self._start_timer is not None:
            self._start_timer.cancel()
        self._start_timer = self.loop.call_later(self._start_timeout_s, self._on_start_timeout)

    async def push_audio(self, session: StreamSession, block: AudioBlock, rate: int) -> bool:
        """Give audio to the session; wait while its handler is more than BACKLOG_S behind, which applies back-pressure to the client.

        Return whether there was any audio. On servers without back-pressure the session drops excess audio, as with WebRTC.
        """
        session.runner.push_audio(block, rate)
        if session.runner.backlog_s <= BACKLOG_S:
            self._stalled = False
        elif self.makes_client_wait and not self._stalled:
            with session.busy():
                await self._wait_for_room(session.runner)
        return len(block) > 0

    async def _wait_for_room(self, runner: MediaRunner) -> None:
        """Wait until the handler's backlog is small, or until it took nothing for STALLED_S (see there)."""
        least, since = runner.backlog_s, self.loop.time()
        while (backlog := runner.backlog_s) > BACKLOG_S:  # handler threads send no signal when they take audio, so this polls
            if backlog < least:
                least, since = backlog, self.loop.time()
            elif self.loop.time() - since > STALLED_S:
                self._stalled = True
                return
            await asyncio.sleep(BACKLOG_POLL_S)

    def batched_receive(self, runner: MediaRunner, receive: AsgiReceive) -> AsgiReceive:
        """Return a `receive` that pauses before it reads, if nearly all audio was read and the client is silent (`read_batching.py`)."""
        read_batching, now = ReadBatching(), self.loop.time

        async def receive_later() -> AsgiMessage:
            if read_batching.is_due(now(), runner.audio_input.received_s) and runner.audio_input.silent:
                await self.wait_for_batch()
            asked = now()
            message = await receive()
            read_batching.took(asked, now())
            return message

        return receive_later

    async def wait_for_batch(self) -> None:
        """Pause the reading for BATCH_S; the server does not read from the socket meanwhile."""
        await asyncio.sleep(BATCH_S)

    async def authenticated(self) -> None:
        """Authenticate the client; called when the stream was found."""

    async def authenticate(self) -> Requester:
        """Return the requester that the handshake's credentials identify."""
        return Requester(await grant_of(self.credentials))

    def refuse(self, message: JsonMessage, code: int = POLICY) -> None:
        """Send a message with the reason, then close."""
        self.send_queue.put(wire.encode(message))
        self.send_queue.finish(code, "refused")

    def refuse_rate(self, text: str) -> None:
        """Send a warning that too many messages without audio came, and close; the session ends as after a disconnect."""
        self.refuse(wire.warning(text))

    def send_error(self, text: str) -> None:
        """Send an error message; nothing else changes."""
        self.send_queue.put(wire.encode(wire.error(text)))

    async def begin(self, identity: str, requester: Requester, wish: bool | str = False, user_data: Any = None) -> bool:
        """Open the session. Return False when it was refused, with a message to the client, or the socket was already closed.

        Args:
            wish: whether the client asks for a resume value, or the value that it presents.
            user_data: what the handler finds in its context.
        """
        if self.send_queue.closed:
            return False
        try:
            session, runner = await self._open(identity, requester, wish, user_data)
        except LimitReached as error:
            self.refuse(wire.limit_reached(error.limit), NORMAL)
        except IdTaken:
            self.refuse(wire.already_exists(), NORMAL)
        except Exception as error:
            logger.error("a session of the stream %s could not start: %s", self.stream.name, error_location(error))
            self.refuse(wire.failed("the session could not start"), FAILED)
        else:
            self.session = session
            self.opened()
            if runner.may_rest:
                self._receive = self.batched_receive(runner, self._receive)
            if self._start_timer is not None:
                self._start_timer.cancel()
            session.set_idle_limit(settings.SILENCE_TIMEOUT_S)
            if runner.audio_output.pausable:
                self.pace.lead, self.pace.catch_up = self.pausable_lead_s, self.pausable_catch_up_s
            self._audio_task = keep_task(asyncio.create_task(self._send_audio(runner)))
            return True
        return False

    async def _open(self, identity: str, requester: Requester, wish: bool | str, user_data: Any) -> tuple[StreamSession, MediaRunner]:
        """Open a session; a resume value ends the session before it, whose client has lost its socket. Raises LimitReached or IdTaken."""
        session = self._make_session(identity, requester, wish, user_data)
        try:
            return session, await session.open()
        except IdTaken:
            if not isinstance(wish, str) or not await end_resumed(self.stream.name, identity, requester.user_id, wish):
                raise
        session = self._make_session(identity, requester, wish, user_data)
        return session, await session.open()

    def _make_session(self, identity: str, requester: Requester, wish: bool | str, user_data: Any) -> StreamSession:
        session = stream_session(self.stream, identity, requester.user_id, self, requester.by, user_data)
        session.resume = new_resume_value() if wish else ""
        return session

    def opened(self) -> None:
        """The session is open; nothing was sent to the client yet but messages."""

    def end(self, reason: str) -> None:
        """End the session, if there is one; its end closes the socket."""
        if self.session is None:
            self.send_queue.finish()
        else:
            self.session.end(End.CLOSED, reason)

    async def disconnected(self) -> None:
        """Stop timers and tasks, and end the session."""
        for timer in (self._start_timer, self._report_timer):
            if timer is not None:
                timer.cancel()
        self._start_timer = self._report_timer = None
        if self._audio_task is not None:
            self._audio_task.cancel()
        self.end("the client disconnected")

    def message(self, message: JsonMessage) -> None:
        """Send JSON to the client."""
        self.send_queue.put(wire.encode(message))

    def clear(self) -> None:
        """Drop audio that was handed over and is not sent yet (interruption)."""
        self._next_frame = None
        self.pace.clear(self.loop.time())

    def take_back(self) -> float:
        """Give back the frame that is not sent yet, since the reply pauses."""
        frame, self._next_frame = self._next_frame, None
        return frame.seconds if frame is not None else 0.0

    def play_on(self) -> None:
        """Do nothing: what a client has, it plays."""

    def hang_up(self, end: End, reason: str) -> None:
        """Close the socket after the remaining audio is sent."""
        if end is End.IDLE:
            self.send_error(f"nothing came for {settings.SILENCE_TIMEOUT_S:g} s")
        code = RESTART if end in (End.SHUTDOWN, End.STALE) else NORMAL
        keep_task(asyncio.create_task(self._close_after_audio(code, reason)))

    async def write_audio(self, frame: AudioFrame) -> None:
        """Send one block of audio; waits while the server applies back-pressure."""
        raise NotImplementedError

    async def closing(self) -> None:
        """Prepare to close; called after the last audio was sent."""

    def report(self, runner: MediaRunner) -> None:
        """Report to the session how many seconds were played since the last report."""
        runner.audio_output.played(self.pace.played(self.loop.time()))

    async def _send_audio(self, runner: MediaRunner) -> None:
        """Send the session's audio when it is due, until there is no more."""
        lag_needed = not runner.may_rest  # a session that may rest sends nothing yet, so lag does not matter to it
        if lag_needed:
            self._lag.need()
        self.pace.begin(self.loop.time())
        try:
            while (frame := await runner.next_audio()) is not None:
                if not lag_needed:
                    lag_needed = True
                    self._lag.need()
                self._next_frame = frame
                if frame.after_pause:
                    self.pace.resume(self.loop.time())
                wait = self.pace.wait(self.loop.time())
                if wait > 0:
                    await asyncio.sleep(wait)
                if not self.send_queue.idle:  # audio overtakes no message: a client drops what comes before `clear`, not behind it
                    await self.send_queue.written()
                if self._next_frame is frame:
                    self._next_frame = None
                    await self._send_block(frame)
        except Exception as error:
            logger.debug("a client disconnected: %s", type(error).__name__)
        finally:
            if lag_needed:
                self._lag.release()

    async def _send_block(self, frame: AudioFrame) -> None:
        await self.write_audio(frame)
        self.pace.sent(frame.seconds, self.loop.time())
        if self._report_timer is None and self.session is not None:
            self._report_later(self.session.runner)

    def _report_later(self, runner: MediaRunner) -> None:
        ahead = self.pace.ahead(self.loop.time())
        self._report_timer = self.loop.call_later(ahead + REPORT_S, self._report, runner)

    def _report(self, runner: MediaRunner) -> None:
        self._report_timer = None
        self.report(runner)
        if self.pace.ahead(self.loop.time()):
            self._report_later(runner)

    async def _close_after_audio(self, code: int, reason: str) -> None:
        if self._audio_task is not None:
            _, late = await asyncio.wait([self._audio_task], timeout=LAST_WORDS_S)
            for task in late:
                task.cancel()
            await self.closing()
        self.send_queue.finish(code, reason)

    def _on_start_timeout(self) -> None:
        """Close a socket whose client does not start."""
        self._start_timer = None
        if self.session is None:
            self.send_error(f"no start came within {self._start_timeout_s:g} s")
            self.send_queue.finish(POLICY, "not started")
