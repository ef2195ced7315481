"""All private attributes of aiortc and of its ICE library aioice that Parley uses; neither has a public API for any of this.

Checked against the versions in `CHECKED_VERSIONS`. `tests/streaming/transports/webrtc/test_aiortc_patches.py` has a test for each attribute
that says what an upgrade broke. At run time a missing attribute raises AttributeError with its name, when a session begins.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from queue import Queue
from typing import Any, Protocol

from aioice.candidate import Candidate
from aioice.ice import Connection, StunProtocol
from aiortc import RTCDtlsTransport, RTCPeerConnection, RTCRtpReceiver, RTCRtpSender, RTCSctpTransport
from aiortc.codecs.vpx import DEFAULT_BITRATE
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket

CHECKED_VERSIONS = {"aiortc": "1.16.0", "aioice": "0.13.0"}
"""The versions against which the private names in this file were checked."""

JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"
WAITING_PACKETS = "_packets"
ORIGIN = "_origin"
DECODER_QUEUE = "_RTCRtpReceiver__decoder_queue"
DECODER_ERROR = "_RTCRtpReceiver__decoder_error"
SENDER_LOOP = "_RTCRtpSender__loop"
SENDER_ENCODER = "_RTCRtpSender__encoder"
SEND_KEYFRAME = "_send_keyframe"
PACKET_DATA = "_data"
INBOUND_STREAMS = "_inbound_streams"
LAST_RECEIVED_TSN = "_last_received_tsn"
SACK_MISORDERED = "_sack_misordered"
ADVERTISED_RWND = "_advertised_rwnd"
SACK_NEEDED = "_sack_needed"
HANDLE_DATA = "_handle_data"
RECEIVE_DATA_CHUNK = "_receive_data_chunk"
RECEIVE_SACK_CHUNK = "_receive_sack_chunk"
ICE_CONNECTION = "_connection"
ICE_PROTOCOLS = "_protocols"
DATAGRAM_RECEIVED = "datagram_received"
ICE_TRANSPORTS = "_RTCPeerConnection__iceTransports"
GET_CANDIDATES = "get_component_candidates"
CHECK_LIST = "_check_list"
CHECK_PERIODIC = "_check_periodic"

CHECKS_S = 0.02
"""Seconds between two ICE checks, as in aioice (Ta of RFC 8445, section 14.2)."""
_TSN_MODULO = 2**32


def packet_payload(packet: RtpPacket) -> bytes:
    """Return the depayloaded audio of a packet, which aiortc's receiver sets."""
    data: bytes = getattr(packet, PACKET_DATA, b"")
    return data


def waiting_packets(buffer: JitterBuffer) -> Iterator[RtpPacket]:
    """Return the packets that a jitter buffer has, from the next one up to the first missing one."""
    packets, origin = _get(buffer, WAITING_PACKETS), _get(buffer, ORIGIN)
    for place in range(origin, origin + buffer.capacity):
        packet = packets[place % buffer.capacity]
        if packet is None:
            return
        yield packet


def replace_jitter_buffer(receiver: RTCRtpReceiver, buffer: JitterBuffer) -> None:
    """Make a receiver that is not started use this jitter buffer."""
    _replace(receiver, JITTER_BUFFER, buffer)


def replace_decoder_queue(receiver: RTCRtpReceiver, waiting: "Queue[Any]") -> None:
    """Make a receiver that is not started pass encoded frames to its decoder through this queue."""
    _replace(receiver, DECODER_QUEUE, waiting)


def keyframe_request(receiver: RTCRtpReceiver) -> Callable[[], None]:
    """Return a function that makes the receiver request a keyframe, as after a decoder error."""
    request: Callable[[], None] = _get(receiver, DECODER_ERROR).set
    return request


class Encoders(Protocol):
    """Runs encoders in threads; the only method of an event loop that aiortc's sender uses."""

    def run_in_executor(self, _: None, encode: Callable[..., Any], *args: Any) -> "asyncio.Future[Any]":
        """Run an encoder."""


def replace_encoder_loop(sender: RTCRtpSender, encoders: Encoders) -> None:
    """Make a sender run its encoder in other threads than asyncio's."""
    _replace(sender, SENDER_LOOP, encoders)


def on_keyframe_request(sender: RTCRtpSender, requested: Callable[[], None]) -> None:
    """Call `requested`, and nothing of aiortc's, when the receiver asks a sender for a keyframe."""
    _replace(sender, SEND_KEYFRAME, requested)


def bit_rate(sender: RTCRtpSender) -> int:
    """Return the bit rate in bits per second that the receiver of a sender's video has estimated, within aiortc's limits."""
    encoder = _get(sender, SENDER_ENCODER)
    return DEFAULT_BITRATE if encoder is None else int(encoder.target_bitrate)


def on_packet(transports: Iterable[RTCDtlsTransport], received: Callable[[], None]) -> None:
    """Call `received` for every packet of connected transports: RTP, RTCP, DTLS and STUN. aiortc itself counts no STUN."""
    for transport in transports:
        for protocol in _get(_get(transport.transport, ICE_CONNECTION), ICE_PROTOCOLS):
            _replace(protocol, DATAGRAM_RECEIVED, _counted(_get(protocol, DATAGRAM_RECEIVED), received))


def _counted(pass_on: Callable[[bytes, Any], None], received: Callable[[], None]) -> Callable[[bytes, Any], None]:
    def datagram_received(data: bytes, address: Any) -> None:
        received()
        pass_on(data, address)

    return datagram_received


GatherCandidates = Callable[[int, list[str]], Awaitable[list[Candidate]]]
"""aioice's method: component and local addresses to candidates."""


def ice_connections(pc: RTCPeerConnection) -> list[Connection]:
    """Return the ICE connections of a peer connection, of which a bundle has one."""
    return [_get(transport, ICE_CONNECTION) for transport in _get(pc, ICE_TRANSPORTS)]


def replace_gathering(connection: Connection, gather: Callable[..., Awaitable[list[Candidate]]]) -> None:
    """Make a connection gather its candidates by this function, which gets aioice's own before its arguments."""
    own: GatherCandidates = _get(connection, GET_CANDIDATES)

    async def get_candidates(component: int, addresses: list[str]) -> list[Candidate]:
        return await gather(own, component, addresses)

    _replace(connection, GET_CANDIDATES, get_candidates)


def add_ice_protocol(connection: Connection, protocol: StunProtocol) -> None:
    """Make a connection use a bound socket, and close it at its end."""
    _get(connection, ICE_PROTOCOLS).append(protocol)


def connect_promptly(connection: Connection, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
    """Make a connection continue as soon as a pair is nominated; aioice notices that when its next check is due, up to 20 ms later.

    `spawn` runs the further checks, which continue until one pair is nominated or the connection is closed.
    """
    check: Callable[[], bool] = _get(connection, CHECK_PERIODIC)
    pairs: list[Any] = _get(connection, CHECK_LIST)

    def first() -> bool:
        """Start the first check, and leave aioice's loop for its wait for a nominated pair, which fails where there are no pairs yet."""
        going_on = check()
        if not pairs:
            return going_on
        if going_on:
            spawn(others())
        return False

    async def others() -> None:
        going_on = True
        while going_on:
            await asyncio.sleep(CHECKS_S)
            going_on = check()

    _replace(connection, CHECK_PERIODIC, first)


class SctpInternals:
    """The private state and methods of one SCTP association."""

    def __init__(self, sctp: RTCSctpTransport) -> None:
        self._sctp: Any = sctp
        for name in (INBOUND_STREAMS, LAST_RECEIVED_TSN, SACK_MISORDERED, ADVERTISED_RWND, SACK_NEEDED):
            _get(sctp, name)

    @property
    def streams(self) -> int:
        """Number of incoming streams."""
        return len(self._sctp._inbound_streams)

    def waiting_chunks(self, stream_id: int) -> int | None:
        """Return how many chunks of a stream wait for others; None if there is no such stream."""
        stream = self._sctp._inbound_streams.get(stream_id)
        return None if stream is None else len(stream.reassembly)

    def is_next(self, tsn: int) -> bool:
        """Return whether a chunk with this sequence number (TSN) is the one after the last received one."""
        last = self._sctp._last_received_tsn
        return last is not None and tsn == (last + 1) % _TSN_MODULO

    @property
    def misordered_chunks(self) -> int:
        """Number of received chunks after a missing one."""
        return len(self._sctp._sack_misordered)

    @property
    def receive_window(self) -> int:
        """Bytes that the peer may still send."""
        window: int = self._sctp._advertised_rwnd
        return window

    def need_sack(self) -> None:
        """Send an acknowledgement (SACK) after this packet."""
        self._sctp._sack_needed = True

    def replace_handler(self, name: str, handler: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
        """Replace one of HANDLE_DATA, RECEIVE_DATA_CHUNK and RECEIVE_SACK_CHUNK; return aiortc's own method."""
        before: Callable[[Any], Awaitable[None]] = _get(self._sctp, name)
        setattr(self._sctp, name, handler)
        return before


def _get(owner: object, name: str) -> Any:
    """Return a private attribute. Raises AttributeError that names it and the versions that had it."""
    if not hasattr(owner, name):
        versions = " and ".join(" ".join(package) for package in CHECKED_VERSIONS.items())
        raise AttributeError(f"{type(owner).__name__} has no {name}: it was checked against {versions}")
    return getattr(owner, name)


def _replace(owner: object, name: str, value: object) -> None:
    """Set a private attribute that exists. Raises AttributeError as `_get` does."""
    _get(owner, name)
    setattr(owner, name, value)
