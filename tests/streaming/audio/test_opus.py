"""The duration that an Opus packet announces."""

import av
import pytest

from streaming.audio.opus import duration_s
from tests.streaming.audio.encoded_audio import opus_packets, tone


def test_packets_of_an_encoder() -> None:
    """The packets of an encoder announce 20 ms."""
    assert {duration_s(packet) for packet in opus_packets(tone(0.5))} == {0.02}


@pytest.mark.parametrize("configuration", range(32))
@pytest.mark.parametrize("code", [b"", b"\x01", b"\x03"])
def test_the_duration_is_that_of_the_decoder(configuration: int, code: bytes) -> None:
    """libavcodec decodes the announced duration, in every configuration, with one frame and several."""
    first = configuration << 3 | (3 if code else 0)
    packet = bytes([first]) + code
    announced = duration_s(packet)
    if announced is None:  # three frames of 60 ms are more than a packet may hold
        assert configuration % 4 == 3
        assert configuration < 12
        return
    context = av.CodecContext.create("opus", "r")
    assert isinstance(context, av.AudioCodecContext)
    context.layout = "mono"
    samples = sum(frame.samples for frame in context.decode(av.Packet(packet)))
    assert samples == pytest.approx(announced * 48_000, abs=24)  # the speech codec holds half a millisecond back


@pytest.mark.parametrize("packet", [b"", b"\x83", b"\x83\x00", b"\x83\x3f", b"\x1b\x03"], ids=bytes.hex)
def test_an_invalid_packet(packet: bytes) -> None:
    """No first byte, no count of frames, no frames, and more than 120 ms are refused."""
    assert duration_s(packet) is None
