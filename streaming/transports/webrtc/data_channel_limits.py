"""Rate and memory limits for the SCTP of a peer's data channels, because aiortc processes every chunk in Python in the event loop.

SCTP retransmits lost packets, so packets above the limit are dropped: a correct sender slows down and loses no message. All private
attributes of aiortc's SCTP that we use are in this file.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aiortc import RTCSctpTransport

CHUNKS_PER_S = 500.0
CHUNK_BURST = 1000.0
"""SCTP chunks of one peer that are processed per second and in a burst: 600 kB/s of text on average."""
MAX_WAITING_CHUNKS = 256
"""Chunks that may wait for a missing one or for the rest of their message; the longest message, 64 KiB, has 55."""
MAX_STREAMS = 64
"""SCTP streams; each data channel has one."""
MAX_GAPS = 4096
"""Chunks that the gap blocks of one acknowledgement (SACK) may cover."""

_COMMON_HEADER = 12
_CHUNK_HEADER = 4
_TSN_MODULO = 2**32


def limit_sctp(sctp: RTCSctpTransport) -> None:
    """Bound the work and the memory that a peer can cause with its SCTP packets."""
    SctpLimits(sctp, asyncio.get_running_loop().time).install()


class SctpLimits:
    """The limits of one SCTP association."""

    def __init__(self, sctp: Any, clock: Callable[[], float]) -> None:
        self._sctp = sctp
        self._clock = clock
        self._tokens = CHUNK_BURST
        self._counted_at = clock()
        self._handle_data = sctp._handle_data
        self._receive_data_chunk = sctp._receive_data_chunk
        self._receive_sack_chunk = sctp._receive_sack_chunk

    def install(self) -> None:
        """Replace aiortc's methods by the limited ones."""
        self._sctp._handle_data = self.handle_data
        self._sctp._receive_data_chunk = self.receive_data_chunk
        self._sctp._receive_sack_chunk = self.receive_sack_chunk

    async def handle_data(self, data: bytes) -> None:
        """Process a packet, or drop it if the peer exceeds the chunk rate."""
        now = self._clock()
        self._tokens = min(CHUNK_BURST, self._tokens + (now - self._counted_at) * CHUNKS_PER_S)
        self._counted_at = now
        cost = count_chunks(data)
        if self._tokens >= cost:
            self._tokens -= cost
            await self._handle_data(data)

    async def receive_data_chunk(self, chunk: Any) -> None:
        """Process a DATA chunk unless too many wait already; then it is not acknowledged and the peer sends it again."""
        sctp = self._sctp
        stream = sctp._inbound_streams.get(chunk.stream_id)
        waiting = len(stream.reassembly) if stream is not None else 0
        is_next = sctp._last_received_tsn is not None and chunk.tsn == (sctp._last_received_tsn + 1) % _TSN_MODULO
        most = 2 * MAX_WAITING_CHUNKS if is_next else MAX_WAITING_CHUNKS  # the next chunk may be the one that all others wait for
        crowded = waiting >= most or (not is_next and (len(sctp._sack_misordered) >= most or sctp._advertised_rwnd <= 0))
        if crowded or (stream is None and len(sctp._inbound_streams) >= MAX_STREAMS):
            sctp._sack_needed = True
        else:
            await self._receive_data_chunk(chunk)

    async def receive_sack_chunk(self, chunk: Any) -> None:
        """Process an acknowledgement; ignore its gap blocks if they cover more than MAX_GAPS chunks."""
        if sum(max(0, end - start + 1) for start, end in chunk.gaps) > MAX_GAPS:
            chunk.gaps = []
        await self._receive_sack_chunk(chunk)


def count_chunks(packet: bytes) -> int:
    """Return the number of chunks in an SCTP packet according to their length fields; at least 1."""
    count, at = 0, _COMMON_HEADER
    while at + _CHUNK_HEADER <= len(packet):
        length = int.from_bytes(packet[at + 2 : at + 4], "big")
        at += max(_CHUNK_HEADER, (length + 3) & ~3)
        count += 1
    return max(1, count)
