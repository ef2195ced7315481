"""Opus packets from WebM clusters."""

import os

from streaming.audio.webm import WebmPackets
from tests.streaming.audio.encoded_audio import encoded, tone

LIVE = encoded(tone(1.0), "webm", "libopus", 48_000, live="1", cluster_time_limit="100")


def test_all_packets_of_a_live_stream() -> None:
    """A stream of unknown length, as a browser makes it, gives its packets."""
    assert len(WebmPackets().push(LIVE)) == 51


def test_byte_by_byte_is_the_same() -> None:
    """The packets are the same, whatever the chunks."""
    stream = WebmPackets()
    assert [packet for n in range(len(LIVE)) for packet in stream.push(LIVE[n : n + 1])] == WebmPackets().push(LIVE)


def test_a_second_recording_on_the_same_connection() -> None:
    """A new header in the middle begins a new stream."""
    assert len(WebmPackets().push(LIVE + LIVE)) == 102


def test_broken_bytes_are_skipped_up_to_the_next_stream() -> None:
    """Zeros are counted, and the header after them is found."""
    stream = WebmPackets()
    assert stream.push(LIVE + bytes(500)) == WebmPackets().push(LIVE)
    assert len(stream.push(LIVE)) == 51
    assert stream.skipped >= 500


def test_vorbis_is_reported_as_foreign() -> None:
    """A track of another codec gives no packets and is reported as another codec."""
    stream = WebmPackets()
    assert stream.push(LIVE.replace(b"A_OPUS", b"A_AAC\0")) == []
    assert stream.foreign


def test_memory_is_bounded() -> None:
    """A block that announces gigabytes is not awaited; noise is not kept."""
    stream = WebmPackets()
    stream.push(LIVE[:1000] + b"\xa3\x08\xff\xff\xff\xff")
    for _ in range(50):
        stream.push(os.urandom(8000))
    assert len(stream._buffer) < 100_000
