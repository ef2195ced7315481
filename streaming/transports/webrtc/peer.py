"""A peer: one session of a stream over WebRTC, which may use several peer connections one after the other.

It is the session's `ClientConnection`. The session ends with its connection, but a new offer with the same id, from the same owner, may
renew it, so that it continues with its handler: at any time with its resume value; without it when a signed-in client seems lost. A lost
connection may be renewed for RTC_RENEW_S seconds.
"""

import asyncio
import logging
from collections import deque
from typing import Any

from django.conf import settings

from streaming.handlers.stream import Stream
from streaming.protocols.json_message import JsonMessage
from streaming.sessions.handler_runner import stream_session
from streaming.transports.consumer import keep_task
from streaming.transports.webrtc.candidates import Key, Trickled
from streaming.transports.webrtc.connection import Connection, ConnectionEnd, Offer
from streaming.transports.webrtc.data_channel import Messages
from streaming.transports.webrtc.early_candidates import EarlyCandidates
from streaming.transports.webrtc.forwarding import Forwarding, peer_address
from streaming.transports.webrtc.offer_limits import OfferError, OfferQueue
from streaming.types.client_connection import IdTaken, TransportKind, new_resume_value, resumes
from streaming.types.session_end import End as SessionEnd

logger = logging.getLogger(__name__)

REMEMBERED = 256
"""Ended peers that are remembered, so that their late candidates get the error "connection_closed"."""
CONNECTING_S = 10.0
"""Seconds after the answer from which a peer that is not connected may be ended in favour of a new one, if the stream is full."""


class Peer:
    """One client of a stream over WebRTC."""

    kind: TransportKind = "webrtc"

    def __init__(self, stream: Stream, webrtc_id: str, owner_id: int | None, user_data: Any = None) -> None:
        self.key: Key = owner_id, stream.name, webrtc_id
        self.stream = stream
        self.webrtc_id = webrtc_id
        self.session = stream_session(stream, webrtc_id, owner_id, self, user_data=user_data)
        self.over = False
        self.lost = False
        """Whether the connection is lost and the peer waits for a new offer."""
        self._peers = self.session.runtime.part(Peers)
        self._messages = Messages()
        self._connection: Connection | None = None
        self._lock = asyncio.Lock()
        self._renewed = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None

    async def open(self, offer: Offer) -> str:
        """Open the session and return the session description of our answer.

        Raises OfferError, LimitReached or IdTaken; the session is closed and its slot is free then.
        """
        check_media_kinds(self.stream, offer)
        await self.session.open(start=False)  # the connection starts it: what the handler does first must not delay the answer
        self._peers.add(self)
        try:
            answer = await self._connect(offer)
        except BaseException as error:
            closing = keep_task(asyncio.create_task(self.session.close("the offer failed")))
            if not isinstance(error, asyncio.CancelledError):
                await asyncio.shield(closing)  # the slot is free before the caller gets the error
            raise
        self._watcher = keep_task(asyncio.create_task(self._watch()))
        return answer

    def may_renew(self, wish: bool | str) -> bool:
        """Whether an offer of the owner may renew the session: with the resume value, or if the client of a signed-in user seems lost."""
        if isinstance(wish, str) and resumes(self.session.resume, wish):
            return True
        return self.session.owner_id is not None and self._connection is not None and not self._connection.active

    def give_value(self, wish: bool | str) -> str:
        """Return the resume value for a client that asks, or "". It is a new one, unless the client presents the one it has."""
        if not wish:
            return ""
        if not (isinstance(wish, str) and resumes(self.session.resume, wish)):
            self.session.resume = new_resume_value()
        return self.session.resume

    async def renew(self, offer: Offer, wish: bool | str) -> str:
        """Replace the connection and return the answer to the new offer. Raises IdTaken or OfferError; the peer is unchanged then."""
        check_media_kinds(self.stream, offer)
        answer = await self._connect(offer, wish)
        self._renewed.set()
        return answer

    def add(self, trickled: Trickled) -> bool:
        """Add a candidate. Return False if the session has ended or its offer is not answered yet."""
        if self._connection is None or self.over or self.session.ended.is_set():
            return False
        self._connection.add(trickled)
        return True

    @property
    def connecting_s(self) -> float:
        """Seconds since the answer without a connection; 0 once the client has connected."""
        return self._connection.connecting_s if self._connection is not None else 0.0

    def message(self, message: JsonMessage) -> None:
        """Send JSON over the data channel; the message waits until there is one."""
        self._messages.put(message)

    def clear(self) -> None:
        """Drop audio that is not sent yet (interruption)."""
        if self._connection is not None and self._connection.audio_track is not None:
            self._connection.audio_track.clear()

    def take_back(self) -> float:
        """Give back the audio that is not sent yet, since the reply pauses."""
        track = self._connection.audio_track if self._connection is not None else None
        return track.take_back() if track is not None else 0.0

    def play_on(self) -> None:
        """Do nothing: what a client has, it plays."""

    def hang_up(self, end: SessionEnd, reason: str) -> None:
        """Close the connection because the session has ended."""
        if not self.over:
            self.over = True
            self._peers.remove(self)
            self.session.runtime.rpc.unregister(peer_address(self.session.id))
            self._peers.track_closing(keep_task(asyncio.create_task(self._close_connection())))

    async def _connect(self, offer: Offer, wish: bool | str | None = None) -> str:
        async with self._lock, self.session.runtime.part(OfferQueue).turn:
            if wish is not None and not self.may_renew(wish):  # checked here, since another offer may just have renewed the session
                raise IdTaken
            wanted, given = media_kinds(self.stream)
            before = self._connection
            connection = Connection(offer, self.session, self._messages, wanted=wanted, given=given)
            try:
                answer = await connection.answer()
            except BaseException:
                keep_task(asyncio.create_task(connection.close()))
                raise
            self._connection = connection
            self.session.set_idle_limit(None)  # until this connection is established
            for trickled in self._peers.early.take(self.key):
                connection.add(trickled)
        if before is not None:
            if before.audio_track is not None:
                before.audio_track.stop()  # otherwise it would take audio that the new connection has to send
            keep_task(asyncio.create_task(before.close()))
        return answer

    async def _watch(self) -> None:
        """End the session when its connection has ended, unless it is renewed in time."""
        while not self.over and self._connection is not None:
            connection = self._connection
            end = await asyncio.shield(connection.ended)
            if end is ConnectionEnd.LOST and self._connection is connection:
                await self._wait_for_renewal()
            if self._connection is connection:
                await self.session.close(end.value)
                return
            self._renewed.clear()

    async def _wait_for_renewal(self) -> None:
        self.lost = True
        self.session.set_idle_limit(None)
        try:
            async with asyncio.timeout(settings.RTC_RENEW_S):
                await self._renewed.wait()
        except TimeoutError:
            logger.debug("a lost peer did not reconnect")
        finally:
            self.lost = False

    async def _close_connection(self) -> None:
        async with self._lock:
            if self._connection is not None:
                if not self._connection.ended.done():
                    await self._messages.linger()
                await self._connection.close()
        if self._watcher is not None and self._watcher is not asyncio.current_task():
            self._watcher.cancel()


class Peers:
    """The peers of one event loop, and the candidates that arrived before their offers."""

    def __init__(self) -> None:
        self.early = EarlyCandidates()
        self.forwarding = Forwarding(self.early)
        self._closing: set[asyncio.Task[None]] = set()
        self._past: deque[Key] = deque(maxlen=REMEMBERED)
        self._peers: dict[Key, Peer] = {}

    def __len__(self) -> int:
        return len(self._peers)

    def add(self, peer: Peer) -> None:
        """Register a peer by its owner, stream and id."""
        self._peers[peer.key] = peer

    def remove(self, peer: Peer) -> None:
        """Unregister a peer."""
        if self._peers.get(peer.key) is peer:
            del self._peers[peer.key]
            self._past.append(peer.key)

    async def make_room(self, stream: Stream) -> bool:
        """End a session of the stream whose client is lost or did not connect within CONNECTING_S. Return False if there is none."""
        here = [peer for peer in self._peers.values() if peer.stream is stream]
        slowest = max(here, key=lambda peer: peer.connecting_s, default=None)
        peer = next((peer for peer in here if peer.lost), slowest)
        if peer is None or not (peer.lost or peer.connecting_s >= CONNECTING_S):
            return False
        await peer.session.close("ended to make room for a new session")
        return True

    def track_closing(self, task: "asyncio.Task[None]") -> None:
        """Keep a task that closes a connection, for `all_gone`."""
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def all_gone(self, seconds: float) -> None:
        """Wait until all connections that are being closed are closed, at most so many seconds."""
        if self._closing:
            await asyncio.wait(list(self._closing), timeout=seconds)

    def is_past(self, key: Key) -> bool:
        """Whether a peer with this key ended recently."""
        return key in self._past

    def find(self, key: Key) -> Peer | None:
        """Return the live peer of an owner, a stream and an id, or None."""
        return self._peers.get(key)


def media_kinds(stream: Stream) -> tuple[frozenset[str], frozenset[str]]:
    """Return the kinds of media ("audio", "video") that a stream receives, and those that it sends."""
    all_kinds = frozenset(kind for kind, flows in (("audio", stream.has_audio), ("video", stream.has_video)) if flows)
    nothing: frozenset[str] = frozenset()
    return (nothing if stream.mode == "receive" else all_kinds, nothing if stream.mode == "send" else all_kinds)


def check_media_kinds(stream: Stream, offer: Offer) -> None:
    """Raise OfferError if the client offers to send a kind of media that the stream does not receive."""
    strange = offer.receives - frozenset(kind for kind, flows in (("audio", stream.has_audio), ("video", stream.has_video)) if flows)
    if strange and not stream.allow_extra_tracks:
        raise OfferError(f"Unsupported track kind '{' and '.join(sorted(strange))}' for modality '{stream.modality}': offer no such track")
