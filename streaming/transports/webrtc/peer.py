"""A peer: one session of a stream over WebRTC, through as many connections as its client needs.

It is the session's `ClientConnection`. The session ends with its connection, except that a lost one may be renewed for a while: a new
offer with the same id, from the same owner, takes the session over, with its handler as it is.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from weakref import WeakKeyDictionary

from django.conf import settings

from streaming.handlers.stream import Stream
from streaming.sessions.stream_session import StreamSession
from streaming.transports.consumer import keep
from streaming.transports.webrtc.candidates import Key, Trickled
from streaming.transports.webrtc.connection import Connection, End, Offer
from streaming.transports.webrtc.data_channel import Messages
from streaming.transports.webrtc.early_candidates import EarlyCandidates
from streaming.transports.webrtc.forwarding import Forwarding
from streaming.transports.webrtc.offer_limits import OfferError
from streaming.transports.webrtc.offer_queue import offer_queue
from streaming.types.client_connection import Message, TransportKind

logger = logging.getLogger(__name__)

REMEMBERED = 256
CONNECTING_S = 10.0
"""A peer that is not connected so long after its answer gives its place to another one, where the stream is full."""


class Peer:
    """One client of a stream over WebRTC; `gone` is called when its session is over."""

    kind: TransportKind = "webrtc"

    def __init__(self, stream: Stream, webrtc_id: str, owner_id: int | None, gone: Callable[["Peer"], None]) -> None:
        self.stream = stream
        self.webrtc_id = webrtc_id
        self.session = StreamSession(stream, webrtc_id, owner_id, self)
        self.over = False
        self.lost = False
        """Whether the connection is gone and a new offer is waited for."""
        self._gone = gone
        self._messages = Messages()
        self._connection: Connection | None = None
        self._changing = asyncio.Lock()
        self._renewed = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    async def open(self, offer: Offer) -> str:
        """Begin the session and return our answer's session description.

        Raises OfferError, LimitReached or IdTaken; then nothing is left of it, and its slot is free.
        """
        check_kinds(self.stream, offer)
        await self.session.open()
        peers().add(self)
        try:
            answer = await self._connect(offer)
        except BaseException as error:
            closing = keep(asyncio.create_task(self.session.close("the offer failed")))
            if not isinstance(error, asyncio.CancelledError):
                await asyncio.shield(closing)  # the slot is free before anybody is told
            raise
        self._watching = keep(asyncio.create_task(self._watch()))
        return answer

    async def renew(self, offer: Offer) -> str:
        """Go on over a new connection and return its answer; the one before is closed. Raises OfferError and changes nothing."""
        check_kinds(self.stream, offer)
        answer = await self._connect(offer)
        self._renewed.set()
        return answer

    def add(self, trickled: Trickled) -> bool:
        """Try a candidate; False when the session is over, or its offer is not answered yet."""
        if self._connection is None or self.over:
            return False
        self._connection.add(trickled)
        return True

    @property
    def connecting_s(self) -> float:
        """Seconds for which the client did not connect; 0 once it has."""
        return self._connection.connecting_s if self._connection is not None else 0.0

    def message(self, message: Message) -> None:
        """Send JSON over the data channel; it waits for one, and is lost where none ever comes."""
        self._messages.put(message)

    def clear(self) -> None:
        """Drop the sound that has not left."""
        if self._connection is not None and self._connection.sound is not None:
            self._connection.sound.clear()

    def hang_up(self, reason: str) -> None:
        """End the connection; the session is over."""
        if not self.over:
            self.over = True
            peers().remove(self)
            self._gone(self)
            peers().see_off(keep(asyncio.create_task(self._let_go())))

    async def _connect(self, offer: Offer) -> str:
        async with self._changing, offer_queue().turn:
            wanted, given = kinds(self.stream)
            before = self._connection
            connection = Connection(offer, self.session, self._messages, wanted=wanted, given=given)
            try:
                answer = await connection.answer()
            except BaseException:
                keep(asyncio.create_task(connection.close()))
                raise
            self._connection = connection
            for trickled in peers().early.take((self.session.owner_id, self.stream.name, self.webrtc_id)):
                connection.add(trickled)
        if before is not None:
            if before.sound is not None:
                before.sound.stop()  # it would take the sound that the new connection is to send
            keep(asyncio.create_task(before.close()))
        return answer

    async def _watch(self) -> None:
        """End the session when its connection ended, unless it is renewed in time."""
        while not self.over and self._connection is not None:
            connection = self._connection
            end = await asyncio.shield(connection.ended)
            if end is End.LOST and self._connection is connection:
                await self._wait_for_renewal()
            if self._connection is connection:
                await self.session.close(end.value)
                return
            self._renewed.clear()

    async def _wait_for_renewal(self) -> None:
        self.lost = True
        try:
            async with asyncio.timeout(settings.RTC_RENEW_S):
                await self._renewed.wait()
        except TimeoutError:
            logger.debug("a lost peer did not come back")
        finally:
            self.lost = False

    async def _let_go(self) -> None:
        async with self._changing:
            if self._connection is not None:
                if not self._connection.ended.done():
                    await self._messages.linger()
                await self._connection.close()
        if self._watching is not None and self._watching is not asyncio.current_task():
            self._watching.cancel()


class Peers:
    """The peers of one event loop, and the candidates that came before theirs."""

    def __init__(self) -> None:
        self.early = EarlyCandidates()
        self.forwarding = Forwarding(self.early)
        self._leaving: set[asyncio.Task[None]] = set()
        self._past: deque[Key] = deque(maxlen=REMEMBERED)
        self._peers: dict[tuple[str, str], Peer] = {}

    def __len__(self) -> int:
        return len(self._peers)

    def add(self, peer: Peer) -> None:
        """Make a peer known by its stream and id."""
        self._peers[peer.stream.name, peer.webrtc_id] = peer

    def remove(self, peer: Peer) -> None:
        """Forget a peer."""
        if self._peers.get((peer.stream.name, peer.webrtc_id)) is peer:
            del self._peers[peer.stream.name, peer.webrtc_id]
            self._past.append((peer.session.owner_id, peer.stream.name, peer.webrtc_id))

    async def make_room(self, stream: Stream) -> bool:
        """End a session of the stream whose client is lost, or has not connected for long; False where there is none."""
        here = [peer for peer in self._peers.values() if peer.stream is stream]
        slowest = max(here, key=lambda peer: peer.connecting_s, default=None)
        peer = next((peer for peer in here if peer.lost), slowest)
        if peer is None or not (peer.lost or peer.connecting_s >= CONNECTING_S):
            return False
        await peer.session.close("another one needs the room")
        return True

    def see_off(self, leaving: "asyncio.Task[None]") -> None:
        """Note the task that closes a connection."""
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    async def all_gone(self, seconds: float) -> None:
        """Wait until every connection that is being closed has said goodbye, but no longer than this."""
        if self._leaving:
            await asyncio.wait(list(self._leaving), timeout=seconds)

    def is_past(self, key: Key) -> bool:
        """Whether there was such a peer not long ago."""
        return key in self._past

    def find(self, stream: Stream, webrtc_id: str, user_id: int | None) -> Peer | None:
        """Return the user's own live peer of that id."""
        peer = self._peers.get((stream.name, webrtc_id))
        return peer if peer is not None and peer.session.belongs_to(user_id) else None


def kinds(stream: Stream) -> tuple[frozenset[str], frozenset[str]]:
    """Return the kinds of media that a stream takes, and those that it gives."""
    all_kinds = frozenset(kind for kind, flows in (("audio", stream.has_audio), ("video", stream.has_video)) if flows)
    nothing: frozenset[str] = frozenset()
    return (nothing if stream.mode == "receive" else all_kinds, nothing if stream.mode == "send" else all_kinds)


def check_kinds(stream: Stream, offer: Offer) -> None:
    """Raise OfferError when the client sends what the stream has nothing to do with."""
    strange = offer.receives - frozenset(kind for kind, flows in (("audio", stream.has_audio), ("video", stream.has_video)) if flows)
    if strange and not stream.allow_extra_tracks:
        raise OfferError(f"this stream takes {stream.modality}, not {' and '.join(sorted(strange))}; offer no such track")


_peers: WeakKeyDictionary[asyncio.AbstractEventLoop, Peers] = WeakKeyDictionary()


def peers() -> Peers:
    """Return the peers of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _peers:
        _peers[loop] = Peers()
    return _peers[loop]
