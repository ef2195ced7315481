"""Binary frames are audio, whatever their bytes."""

import pytest

from streaming.protocols.symbl import Audio, parse


@pytest.mark.parametrize("frame", [b"", b"\x00\x01", b'{"type": "stop_request"}', b"__PING__", bytes(10_000)])
def test_bytes_are_audio(frame: bytes) -> None:
    """A binary frame is never parsed, even if it spells a message."""
    assert parse(frame) == Audio(frame)


def test_any_kind_of_bytes_becomes_bytes() -> None:
    """Servers pass frames as bytearray or memoryview; the message owns its own bytes."""
    frame = bytearray(b"\x01\x02")
    parsed = [parse(frame), parse(memoryview(frame))]
    frame[0] = 9
    assert parsed == [Audio(b"\x01\x02"), Audio(b"\x01\x02")]
