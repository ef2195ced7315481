"""Opus packets from Ogg pages."""

import os

from streaming.audio.ogg import OggPackets
from tests.streaming.audio.encoded_audio import encoded, tone

STREAM = encoded(tone(1.0), "ogg", "libopus", 48_000)


def test_all_packets_and_no_header() -> None:
    """One second is 50 packets of 20 ms and one for the encoder's delay."""
    packets = OggPackets().push(STREAM)
    assert len(packets) == 51
    assert not any(packet.startswith(b"Opus") for packet in packets)


def test_byte_by_byte_is_the_same() -> None:
    """The packets are the same, whatever the chunks."""
    stream = OggPackets()
    packets = [packet for n in range(len(STREAM)) for packet in stream.push(STREAM[n : n + 1])]
    assert packets == OggPackets().push(STREAM)


def test_noise_between_pages_is_skipped_and_counted() -> None:
    """The page after the noise is found."""
    stream = OggPackets()
    noise = os.urandom(1000).replace(b"O", b"o")
    assert len(stream.push(noise + STREAM)) == 51
    assert stream.skipped == 1000


def test_vorbis_is_reported_as_foreign() -> None:
    """A stream that begins with a Vorbis header is reported as another codec."""
    page = b"OggS\x00\x02" + bytes(20) + b"\x01\x07" + b"\x01vorbis"
    stream = OggPackets()
    assert stream.push(page) == []
    assert stream.foreign


def test_an_endless_packet_is_not_kept() -> None:
    """Pages that never end their packet use bounded memory."""
    stream = OggPackets()
    page = b"OggS\x00\x01" + bytes(20) + b"\xff" + b"\xff" * 255 + bytes(255 * 255)
    for _ in range(10):
        stream.push(page)
    assert len(stream._packet) < 70_000
