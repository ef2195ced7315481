"""One RTCPeerConnection: from an offer to the end of all its tracks, tasks and timers.

A session may use several of these (`peer.py`): a browser that lost its network reconnects with a new offer.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCDtlsTransport,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from aiortc.sdp import SessionDescription
from django.conf import settings

from insights.safe_log import error_location
from streaming.handlers.ice_servers import own_servers
from streaming.sessions.handler_runner import StreamSession
from streaming.transports.webrtc import rtp_in
from streaming.transports.webrtc.aiortc_patches import connect_promptly, ice_connections, on_packet
from streaming.transports.webrtc.candidates import Identity, Trickled, parse
from streaming.transports.webrtc.data_channel import Messages, SctpLimits
from streaming.transports.webrtc.host_candidates import NoFreePort, announced, use_port_range
from streaming.transports.webrtc.offer_limits import MOST_CANDIDATES, OfferError, bounded_lines
from streaming.transports.webrtc.rtp_out import LEAD_S, PAUSABLE_LEAD_S, AudioTrack, VideoTrack, encode_apart
from streaming.types.client_connection import LimitReached

logger = logging.getLogger(__name__)

CLOSE_S = 5.0
ACTIVE_S = 10.0
"""Seconds after its last packet for which a client does not count as lost; it answers a STUN check every 5 s."""
MOST_CHANNELS = 16
"""Data channels of a connection; FastRTC's clients open one. Further ones are closed."""

BROKEN_OFFERS = (ValueError, AssertionError, IndexError, KeyError, AttributeError, TypeError, StopIteration) + (
    InternalError,
    InvalidAccessError,
    InvalidStateError,
    OperationError,
)
"""Exceptions that aiortc raises for invalid session descriptions; it validates little itself."""


class ConnectionEnd(Enum):
    """Why a connection ended."""

    CLOSED = "the client closed the connection"
    LOST = "the connection was lost"
    NEVER = "the connection was not established in time"


@dataclass(frozen=True, slots=True)
class Offer:
    """A checked session description, without its mDNS candidates, which `later` holds."""

    sdp: str
    receives: frozenset[str]
    """Kinds that the client sends and we receive."""
    sends: frozenset[str]
    """Kinds that the client is willing to receive."""
    bundled: bool
    later: tuple[Trickled, ...]
    """Candidates with an mDNS name: resolving names must not delay the answer."""
    candidates: int
    """The number of other distinct candidates in the description."""


def read_offer(sdp: str) -> Offer:
    """Check and parse an offer; its size is checked before it is parsed. Raises OfferError."""
    kept: list[str] = []
    later: list[Trickled] = []
    candidates: set[str] = set()
    section = -1
    try:
        for line in bounded_lines(sdp):
            section += line.startswith("m=")
            if re.match(r"a=candidate:\S+ \S+ \S+ \S+ \S+\.local ", line):
                later.append(parse({"candidate": line.removeprefix("a="), "sdpMLineIndex": section}))
            elif line.strip() != "a=end-of-candidates":
                kept.append(line)
                if line.startswith("a=candidate:"):
                    candidates.add(line)
        description = SessionDescription.parse("\r\n".join(kept) + "\r\n")
    except OfferError:
        raise
    except BROKEN_OFFERS:
        raise OfferError("this session description cannot be read") from None
    if not description.media:
        raise OfferError("this session description offers nothing: no m= section")
    media = [section for section in description.media if section.kind in ("audio", "video")]
    return Offer(
        "\r\n".join(kept) + "\r\n",
        frozenset(section.kind for section in media if section.direction in ("sendrecv", "sendonly", None)),
        frozenset(section.kind for section in media if section.direction in ("sendrecv", "recvonly", None)),
        any(group.semantic == "BUNDLE" for group in description.group),
        tuple(later),
        len(candidates),
    )


class Connection:
    """One peer connection of a session.

    Args:
        offer: the client's offer.
        wanted: kinds of media that the stream receives.
        given: kinds of media that the stream sends.
    """

    def __init__(self, offer: Offer, session: StreamSession, messages: Messages, *, wanted: frozenset[str], given: frozenset[str]) -> None:
        self.ended: asyncio.Future[ConnectionEnd] = asyncio.get_running_loop().create_future()
        self.audio_track: AudioTrack | None = None
        self._video: tuple[VideoTrack, RTCRtpSender] | None = None
        self._offer = offer
        self._session = session
        self._messages = messages
        self._wanted = wanted & offer.receives
        self._given = given & offer.sends
        self._policy = RTCBundlePolicy.MAX_BUNDLE if offer.bundled else RTCBundlePolicy.BALANCED
        servers = [RTCIceServer(**server) for server in own_servers(session.stream.server_rtc_configuration)]
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=servers, bundlePolicy=self._policy))
        self._tasks: set[asyncio.Task[None]] = set()
        self._connect_timer: asyncio.TimerHandle | None = None
        """Runs from the answer until the client has connected."""
        self._candidates: set[Identity] = set()
        self._channels = 0
        self._answered_at = time.monotonic()
        self._packet_at = float("-inf")
        self._closing = False
        self._pc.on("datachannel", self._on_channel)
        self._pc.on("iceconnectionstatechange", self._on_ice_state)
        self._pc.on("connectionstatechange", self._on_state)

    @property
    def state(self) -> str:
        """The connection state of the WebRTC standard."""
        return str(self._pc.connectionState)

    @property
    def connecting_s(self) -> float:
        """Seconds since the answer without a connection; 0 once the client has connected."""
        return time.monotonic() - self._answered_at if self._connect_timer is not None else 0.0

    @property
    def active(self) -> bool:
        """Whether the client is connecting, or a packet came from it within ACTIVE_S."""
        return (self._connect_timer is not None and not self.ended.done()) or time.monotonic() - self._packet_at < ACTIVE_S

    async def answer(self) -> str:
        """Apply the offer and return the session description of our answer. Raises OfferError, or LimitReached without a free port."""
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(self._offer.sdp, "offer"))
            if self._pc.sctp is not None:
                SctpLimits(self._pc.sctp, asyncio.get_running_loop().time)
            await asyncio.sleep(0)  # let other tasks run: each of these steps may take milliseconds
            self._add_tracks()
            use_port_range(self._pc, settings.RTC_PORT_RANGE)
            for ice in ice_connections(self._pc):
                connect_promptly(ice, self._spawn)
            await self._pc.setLocalDescription()
        except NoFreePort:
            raise LimitReached(len(settings.RTC_PORT_RANGE)) from None
        except BROKEN_OFFERS as error:
            logger.info("an offer could not be answered: %s", error_location(error))
            raise OfferError("this session description cannot be answered here") from None
        local: str = self._pc.localDescription.sdp
        self._prepare(local)
        self._answered_at = time.monotonic()
        self._connect_timer = asyncio.get_running_loop().call_later(settings.RTC_CONNECT_S, self._finish, ConnectionEnd.NEVER)
        for trickled in self._offer.later:
            self.add(trickled)
        return announced(local, settings.RTC_HOST_ADDRESSES) if settings.RTC_HOST_ADDRESSES else local

    def add(self, trickled: Trickled) -> None:
        """Add a candidate of the client; ignore repeated ones and those above MOST_CANDIDATES. Names are resolved in the background.

        The end-of-candidates signal is not passed to aiortc: a client behind a firewall may still reach us, and then we learn its
        address from its own connectivity checks. RTC_CONNECT_S limits how long that may take.
        """
        known = self._candidates
        if trickled.candidate is None or self._closing or trickled.identity in known:
            return
        if len(known) + self._offer.candidates >= MOST_CANDIDATES:
            return
        known.add(trickled.identity)
        self._spawn(self._add_candidate(trickled))

    async def close(self) -> None:
        """Close the connection and all its tasks; wait for that at most CLOSE_S."""
        if self._closing:
            return
        self._closing = True
        if self._connect_timer is not None:
            self._connect_timer.cancel()
        self._finish(ConnectionEnd.CLOSED)
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._pc.close()
        except TimeoutError:
            logger.warning("a peer connection did not close within %g s", CLOSE_S)
        except Exception as error:
            logger.warning("a peer connection did not close cleanly: %s", error_location(error))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _add_tracks(self) -> None:
        runner = self._session.runner
        if "audio" in self._given:
            lead = PAUSABLE_LEAD_S if runner.audio_output.pausable else LEAD_S
            self.audio_track = AudioTrack(runner.next_audio, runner.audio_output.played, lead)
            encode_apart(self._pc.addTrack(self.audio_track))
        if "video" in self._given:
            video = VideoTrack(runner.next_video)
            self._video = video, self._pc.addTrack(video)
            encode_apart(self._video[1])

    def _prepare(self, local: str) -> None:
        for section in SessionDescription.parse(local).media:
            codec = section.rtp.codecs[0].mimeType.lower() if section.rtp.codecs else ""
            if section.kind == "audio" and self.audio_track is not None:
                self.audio_track.opus = codec == "audio/opus"
            if section.kind == "video" and self._video is not None and codec == "video/vp8":
                track, sender = self._video
                track.encode_vp8(sender)
        for transceiver in self._pc.getTransceivers():
            if transceiver.kind not in self._wanted:
                rtp_in.discard(transceiver.receiver)
            elif transceiver.kind == "audio":
                rtp_in.receive_audio(transceiver.receiver, self._guarded(self._session.runner.push_audio))
            else:
                rtp_in.receive_video(transceiver.receiver, self._guarded(self._session.runner.push_video), self._session.warn_once)

    def _guarded(self, take: Callable[..., None]) -> Callable[..., None]:
        """Wrap a callback for media: note the activity, skip it after the close, and report its errors so that later blocks still come."""

        def received(*block: Any) -> None:
            if not self._closing:
                self._session.touch()
                try:
                    take(*block)
                except Exception as error:
                    self._session.runner.calls.report(error)

        return received

    def _on_channel(self, channel: RTCDataChannel) -> None:
        self._channels += 1
        if self._channels > MOST_CHANNELS:
            channel.close()
        else:
            self._messages.attach(channel)

    def _on_connected(self) -> None:
        if self._connect_timer is not None:
            self._connect_timer.cancel()
            self._connect_timer = None
        self._session.start()
        transports = {transceiver.receiver.transport for transceiver in self._pc.getTransceivers()}
        if self._pc.sctp is not None:
            transports.add(self._pc.sctp.transport)
        for transport in transports:
            transport.on("statechange", partial(self._on_transport, transport))
        on_packet(transports, self._on_packet)
        self._on_packet()
        if self._wanted and not self._closing:
            self._session.set_idle_limit(settings.RTC_SILENCE_S)

    def _on_packet(self) -> None:
        self._packet_at = time.monotonic()

    def _on_transport(self, transport: RTCDtlsTransport) -> None:
        """Distinguish a client that closed from a lost one: for a lost one ICE fails first and clears its local candidates."""
        if transport.state == "closed":
            self._finish(ConnectionEnd.CLOSED if transport.transport.iceGatherer.getLocalCandidates() else ConnectionEnd.LOST)

    def _on_ice_state(self) -> None:
        """Start the handler as soon as the client is reached: it has the answer then, and the DTLS handshake is still to come."""
        if self._pc.iceConnectionState == "completed" and not self._closing:
            self._session.start()

    def _on_state(self) -> None:
        state = self._pc.connectionState
        if state == "connected" and self._connect_timer is not None:
            self._on_connected()
        elif state == "failed":
            self._finish(ConnectionEnd.LOST)
        elif state == "closed":
            self._finish(ConnectionEnd.CLOSED)

    def _finish(self, end: ConnectionEnd) -> None:
        if not self.ended.done():
            self.ended.set_result(end)

    async def _add_candidate(self, trickled: Trickled) -> None:
        try:
            await self._pc.addIceCandidate(trickled.candidate)
        except Exception as error:  # the other candidates may still work
            logger.debug("a candidate could not be added: %s", error_location(error))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a connection's task failed: %s", error_location(error))
