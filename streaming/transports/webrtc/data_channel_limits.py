"""Rate and memory limits for the SCTP of a peer's data channels, because aiortc processes every chunk in Python in the event loop.

SCTP retransmits lost packets, so packets above the limit are dropped: a correct sender slows down and loses no message.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aiortc import RTCSctpTransport

from streaming.transports.webrtc.aiortc_patches import HANDLE_DATA, RECEIVE_DATA_CHUNK, RECEIVE_SACK_CHUNK, SctpInternals

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


def limit_sctp(sctp: RTCSctpTransport) -> None:
    """Bound the work and the memory that a peer can cause with its SCTP packets."""
    SctpLimits(sctp, asyncio.get_running_loop().time)


class SctpLimits:
    """The limits of one SCTP association; they apply from its creation on."""

    def __init__(self, sctp: RTCSctpTransport, clock: Callable[[], float]) -> None:
        self._sctp = SctpInternals(sctp)
        self._clock = clock
        self._tokens = CHUNK_BURST
        self._counted_at = clock()
        replace = self._sctp.replace_handler
        self._handle_data = replace(HANDLE_DATA, self.handle_data)
        self._receive_data_chunk = replace(RECEIVE_DATA_CHUNK, self.receive_data_chunk)
        self._receive_sack_chunk = replace(RECEIVE_SACK_CHUNK, self.receive_sack_chunk)

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
        waiting, is_next = sctp.waiting_chunks(chunk.stream_id), sctp.is_next(chunk.tsn)
        most = 2 * MAX_WAITING_CHUNKS if is_next else MAX_WAITING_CHUNKS  # the next chunk may be the one that all others wait for
        crowded = (waiting or 0) >= most or (not is_next and (sctp.misordered_chunks >= most or sctp.receive_window <= 0))
        if crowded or (waiting is None and sctp.streams >= MAX_STREAMS):
            sctp.need_sack()
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
