"""Limits of a peer's data channels: chunks, acknowledgements and texts above a limit are dropped."""

import asyncio
from typing import Any

import pytest
from aiortc.rtcsctptransport import DataChunk, RTCSctpTransport, SackChunk, serialize_packet

from streaming.transports.consumer import MAX_MESSAGES
from streaming.transports.webrtc.data_channel import (
    CHUNK_BURST,
    CHUNKS_PER_S,
    MAX_STREAMS,
    MAX_WAITING_CHUNKS,
    Messages,
    SctpLimits,
    count_chunks,
)
from tests.streaming.transports.webrtc.test_data_channel import Channel

FIRST = 1000


class Transport:
    """A connected transport below SCTP that keeps what is sent."""

    state = "connected"
    _role = "server"

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    async def _send_data(self, data: bytes) -> None:
        self.sent.append(data)


@pytest.fixture
async def sctp() -> Any:
    """An association that has received all chunks before `FIRST`."""
    transport: Any = Transport()
    association = RTCSctpTransport(transport)
    association._last_received_tsn = FIRST - 1
    return association


def data(tsn: int, flags: int = 0x03, stream: int = 1) -> DataChunk:
    """Return a DATA chunk; flags 3 make it a whole message, 2 only the first part of one."""
    chunk = DataChunk(flags=flags)
    chunk.tsn, chunk.stream_id, chunk.stream_seq, chunk.protocol, chunk.user_data = tsn, stream, 0, 51, b"hello"
    return chunk


async def test_packets_above_the_rate_are_dropped(sctp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A burst is processed, then a limited number of chunks per second, in packets of any size."""
    handled: list[bytes] = []

    async def handle(packet: bytes) -> None:
        handled.append(packet)

    monkeypatch.setattr(sctp, "_handle_data", handle)
    now = 0.0
    limits = SctpLimits(sctp, lambda: now)
    one = serialize_packet(5000, 5000, 1, data(FIRST))
    packet = one + one[12:] * 9
    assert count_chunks(packet) == 10
    for _ in range(1000):
        await limits.handle_data(packet)
    assert len(handled) == CHUNK_BURST / 10
    now = 1.0
    for _ in range(1000):
        await limits.handle_data(packet)
    assert len(handled) == (CHUNK_BURST + CHUNKS_PER_S) / 10


@pytest.mark.parametrize("packet", [b"", bytes(11), bytes(1200), bytes(12) + b"\0\0\xff\xff"])
def test_malformed_packets_are_counted(packet: bytes) -> None:
    """Zero and too large lengths end the count."""
    assert 1 <= count_chunks(packet) <= 300


async def test_chunks_after_a_gap_are_bounded(sctp: Any) -> None:
    """A peer that omits one chunk does not fill the memory, and all chunks are processed when it arrives."""
    SctpLimits(sctp, asyncio.get_running_loop().time)
    for number in range(1, 5 * MAX_WAITING_CHUNKS):
        await sctp._receive_data_chunk(data(FIRST + number, stream=number % 5))
    assert len(sctp._sack_misordered) == MAX_WAITING_CHUNKS
    await sctp._receive_data_chunk(data(FIRST))
    assert sctp._last_received_tsn == FIRST + MAX_WAITING_CHUNKS
    assert not sctp._sack_misordered


async def test_a_message_without_end_is_bounded(sctp: Any) -> None:
    """Neither an endless message nor many streams fill the memory."""
    SctpLimits(sctp, asyncio.get_running_loop().time)
    await sctp._receive_data_chunk(data(FIRST, flags=0x02))
    for number in range(1, 5 * MAX_WAITING_CHUNKS):
        await sctp._receive_data_chunk(data(FIRST + number, flags=0))
    assert len(sctp._inbound_streams[1].reassembly) == 2 * MAX_WAITING_CHUNKS
    following = sctp._last_received_tsn + 1
    for number in range(2 * MAX_STREAMS):
        await sctp._receive_data_chunk(data(following + number, stream=100 + number))
    assert len(sctp._inbound_streams) <= MAX_STREAMS


async def test_an_acknowledgement_with_huge_gaps(sctp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A packet with gaps of millions of chunks takes little time; a valid one is processed."""
    seen: list[Any] = []

    async def receive(chunk: SackChunk) -> None:
        seen.append(chunk.gaps)

    monkeypatch.setattr(sctp, "_receive_sack_chunk", receive)
    limits = SctpLimits(sctp, asyncio.get_running_loop().time)
    for gaps in ([(1, 65535)] * 280, [(2, 5)]):
        chunk = SackChunk()
        chunk.gaps = gaps
        await limits.receive_sack_chunk(chunk)
    assert seen == [[], [(2, 5)]]


async def test_texts_above_the_limit_are_dropped_with_one_warning() -> None:
    """The session and its own messages continue."""
    box, channel = Messages(), Channel("open")
    box.attach(channel)  # type: ignore[arg-type]
    for number in range(3 * MAX_MESSAGES):
        channel.emit("message", str(number))
    assert len(channel.sent) == MAX_MESSAGES + 1
    assert "dropped" in str(channel.sent[-1])
    box.put({"data": "mine"})
    assert channel.sent[-1] == "mine"
