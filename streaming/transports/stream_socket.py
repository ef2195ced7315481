"""What the sockets of streams share: a session behind a WebSocket, and its sound going out in real time.

The consumer is the session's line. Sound goes straight to the server, paced by a clock; messages go through the outbox.
"""

import asyncio
import logging

from django.conf import settings

from streaming.aio.eager import begin
from streaming.aio.safe_log import error_location
from streaming.aio.send_queue import NORMAL, POLICY
from streaming.handlers.stream import Stream
from streaming.protocols import fastrtc as wire
from streaming.sessions.audio_input import AudioBlock
from streaming.sessions.stream_session import StreamSession
from streaming.transports.auth import grant_of
from streaming.transports.consumer import Consumer, Event, Receive, Scope, Send, keep
from streaming.transports.http_auth import Requester, find_stream
from streaming.transports.loop_lag import lag
from streaming.transports.pacing import Pace
from streaming.transports.read_batching import BATCH_S, ReadBatching
from streaming.transports.revocation import revocation_watcher
from streaming.types.client_connection import AudioFrame, IdTaken, LimitReached, TransportKind
from streaming.types.client_connection import Message as LineMessage

logger = logging.getLogger(__name__)

BACKLOG_S = 1.0
"""Audio that may wait for a session's handler before the client has to wait."""
BACKLOG_POLL_S = 0.02
STALLED_S = 30.0
"""A handler that takes nothing for so long does not hold up the reading any more, else nobody would notice that its client left."""
LEAD_S = 0.2
"""How far ahead of real time sound may go: it hides the jitter of a network, and a barge-in cannot take it back."""
REPORT_S = 0.1
"""How long after it was due sound is counted as played."""
LAST_WORDS_S = 5.0
"""How long the sound that was handed over may take to get out at the end."""
FAILED = 1011


class StreamConsumer(Consumer):
    """One WebSocket of a stream; subclasses say what is spoken on it."""

    kind: TransportKind = "websocket"
    stream: Stream
    session: StreamSession | None = None

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self.loop = asyncio.get_running_loop()
        self._lag = lag()
        self.pace = Pace(LEAD_S, self._lag.stalled)
        self.alive_at = self.loop.time()
        self._start_timeout_s = settings.START_TIMEOUT_S
        self._waits_for_room = False
        self._stalled = False
        self._speaking: asyncio.Task[None] | None = None
        self._watching: asyncio.TimerHandle | None = None
        self._reporting: asyncio.TimerHandle | None = None
        self._clears = 0
        self._flows = False  # the first block is out
        self._sending = False  # a block, past the task that speaks
        self._late: asyncio.Task[None] | None = None  # sends it, where the client does not read
        self._in_turn: asyncio.Future[None] | None = None  # waits until that is done
        self._over = False

    async def connected(self) -> None:
        """Find the stream, and wait for the client to start."""
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
        """Close the socket unless its client starts within so many seconds from now; of several limits the shortest counts."""
        self._start_timeout_s = min(seconds, self._start_timeout_s)
        if self._watching is not None:
            self._watching.cancel()
        self._watching = self.loop.call_later(self._start_timeout_s, self._watch)

    async def hear(self, session: StreamSession, block: AudioBlock, rate: int) -> bool:
        """Give audio to the session, and wait while its handler is too far behind: the server reads no more of the socket meanwhile.

        Return whether there was any audio. Servers that do not make their clients wait lose what does not fit, as WebRTC does.
        """
        session.hear(block, rate)
        if session.backlog_s <= BACKLOG_S:
            self._stalled = False
        elif self.makes_client_wait and not self._stalled:
            self._waits_for_room = True
            await self._wait_for_room(session)
            self._waits_for_room = False
            self.alive_at = self.loop.time()
        return len(block) > 0

    async def _wait_for_room(self, session: StreamSession) -> None:
        """Wait until little waits for the handler, or until it took nothing for so long that its client might be gone meanwhile."""
        least, since = session.backlog_s, self.loop.time()
        while (backlog := session.backlog_s) > BACKLOG_S:  # what threads took, only the clock tells
            if backlog < least:
                least, since = backlog, self.loop.time()
            elif self.loop.time() - since > STALLED_S:
                self._stalled = True
                return
            await asyncio.sleep(BACKLOG_POLL_S)

    def batched_receive(self, session: StreamSession, receive: Receive) -> Receive:
        """Return a `receive` that naps where the session misses nothing: when next to all was read, and nothing of it audible."""
        read_batching, now = ReadBatching(), self.loop.time

        async def unhurried() -> Event:
            if read_batching.is_due(now(), session.heard_s) and session.silent:
                await self.wait_for_batch()
            asked = now()
            message = await receive()
            read_batching.took(asked, now())
            return message

        return unhurried

    async def wait_for_batch(self) -> None:
        """Leave the socket alone for a moment; the server does not read from it meanwhile."""
        await asyncio.sleep(BATCH_S)

    async def authenticated(self) -> None:
        """The stream was found; the client may be asked who it is."""

    async def who(self) -> Requester:
        """Return who knocks."""
        return Requester(await grant_of(self.credentials))

    def refuse(self, message: LineMessage, code: int = POLICY) -> None:
        """Say why there is no session here, then close."""
        self.send_queue.put(wire.encode(message))
        self.send_queue.finish(code, "refused")

    def refuse_rate(self, text: str) -> None:
        """Warn a client that sends too many messages without audio, and close; its session ends as if it had hung up."""
        self.refuse(wire.warning(text))

    def complain(self, text: str) -> None:
        """Say what was wrong; nothing else changes."""
        self.send_queue.put(wire.encode(wire.error(text)))

    async def begin(self, identity: str, requester: Requester) -> bool:
        """Open the session; False when the client was told why not, or had been refused before it asked."""
        if self.send_queue.closed:
            return False
        session = StreamSession(self.stream, identity, requester.user_id, self)
        try:
            await session.open()
        except LimitReached as error:
            self.refuse(wire.limit_reached(error.limit), NORMAL)
        except IdTaken:
            self.refuse(wire.already_exists(), NORMAL)
        except Exception as error:
            logger.error("a session of the stream %s could not begin: %s", self.stream.name, error_location(error))
            self.refuse(wire.failed("the session could not begin"), FAILED)
        else:
            self.session = session
            if session.may_rest:
                self._receive = self.batched_receive(session, self._receive)
            revocation_watcher().note(session, requester.by)
            if self._watching is not None:
                self._watching.cancel()
            self._watch()
            self._speaking = keep(asyncio.create_task(self._speak(session)))
            return True
        return False

    def end(self, reason: str) -> None:
        """End the session, if there is one; the socket is closed when it has ended."""
        if self.session is None:
            self.send_queue.finish()
        elif not self._over:
            self._over = True
            keep(asyncio.create_task(self.session.close(reason)))

    async def disconnected(self) -> None:
        """The client went away."""
        for timer in (self._watching, self._reporting):
            if timer is not None:
                timer.cancel()
        self._watching = self._reporting = None
        for task in (self._speaking, self._late):
            if task is not None:
                task.cancel()
        self.end("the client went away")

    def message(self, message: LineMessage) -> None:
        """Send JSON to the client."""
        self.send_queue.put(wire.encode(message))

    def clear(self) -> None:
        """Drop sound that was handed over and is not played yet."""
        self._clears += 1
        self.pace.clear(self.loop.time())

    def hang_up(self, reason: str) -> None:
        """Close the socket once what was handed over is out; one whose session could not begin is told why first."""
        self._over = True
        if self.session is None:
            return
        keep(asyncio.create_task(self._close_after_sound(reason)))

    async def send_sound(self, sound: AudioFrame) -> None:
        """Send one block of sound; waits as long as the server makes its caller wait."""
        raise NotImplementedError

    def is_free(self) -> bool:
        """Tell whether a block could leave now, without overtaking a message."""
        return self._flows and not self._sending and self.send_queue.idle and not self.pace.wait(self.loop.time())

    def send_now(self, sound: AudioFrame) -> None:
        """Send a block at once, or, to a client that does not read, as soon as it does."""
        self._sending = True
        rest = begin(self._send_past(sound))
        if rest is not None:
            self._late = keep(asyncio.create_task(rest))

    async def farewell(self) -> None:
        """The last sound is out, and the socket is about to be closed."""

    def report(self, session: StreamSession) -> None:
        """Tell the session how much was played."""
        session.played(self.pace.played(self.loop.time()))

    async def _speak(self, session: StreamSession) -> None:
        """Send the session's sound when it is due, until there is no more."""
        watched = not session.may_rest  # a listener has nothing to be late with before it was spoken to
        if watched:
            self._lag.need()
        self.pace.begin(self.loop.time())
        session.send_through(self)
        try:
            while (sound := await session.sound()) is not None:
                if not watched:
                    watched = True
                    self._lag.need()
                clears = self._clears
                while self._sending:
                    self._in_turn = self.loop.create_future()
                    await self._in_turn
                wait = self.pace.wait(self.loop.time())
                if wait > 0:
                    await asyncio.sleep(wait)
                if clears != self._clears:
                    continue
                await self._send_block(sound)
                self._flows = True
        except Exception as error:
            self._lost(error)
        finally:
            if watched:
                self._lag.release()

    async def _send_past(self, sound: AudioFrame) -> None:
        """Send a block past the task that speaks; what that has got meanwhile waits until this one is out."""
        try:
            await self._send_block(sound)
        except Exception as error:
            self._flows = False
            self._lost(error)
        finally:
            self._sending = False
            if self._in_turn is not None and not self._in_turn.done():
                self._in_turn.set_result(None)

    async def _send_block(self, sound: AudioFrame) -> None:
        await self.send_sound(sound)
        self.pace.sent(sound.seconds, self.loop.time())
        if self._reporting is None and self.session is not None:
            self._report_later(self.session)

    def _lost(self, error: Exception) -> None:
        """The connection went away while something was being written."""
        logger.debug("a client went away: %s", type(error).__name__)

    def _report_later(self, session: StreamSession) -> None:
        ahead = self.pace.ahead(self.loop.time())
        self._reporting = self.loop.call_later(ahead + REPORT_S, self._report, session)

    def _report(self, session: StreamSession) -> None:
        self._reporting = None
        self.report(session)
        if self.pace.ahead(self.loop.time()):
            self._report_later(session)

    async def _close_after_sound(self, reason: str) -> None:
        if self._speaking is not None:
            _, late = await asyncio.wait([self._speaking], timeout=LAST_WORDS_S)
            for task in late:
                task.cancel()
            await self.farewell()
        self.send_queue.finish(NORMAL, reason)

    def _watch(self) -> None:
        """End a socket that does not start, or says nothing any more."""
        self._watching = None
        if self.session is None:
            if not self._over:
                self.complain(f"no start came within {self._start_timeout_s:g} s")
                self.send_queue.finish(POLICY, "not started")
            return
        if self._waits_for_room:
            self.alive_at = self.loop.time()
        left = self.alive_at + settings.SILENCE_TIMEOUT_S - self.loop.time()
        if left <= 0:
            self.complain(f"nothing came for {settings.SILENCE_TIMEOUT_S:g} s")
            self.end("silence")
            return
        self._watching = self.loop.call_later(left, self._watch)
