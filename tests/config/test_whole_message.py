"""Whole binary messages are taken from the bytes of a client; everything else is left to the parser."""

import os

import pytest
from websockets.frames import Frame, Opcode

from config.whole_message import whole_binary


def frame(payload: bytes, opcode: Opcode = Opcode.BINARY, *, fin: bool = True, mask: bool = True) -> bytes:
    """Return a frame as clients send it."""
    return Frame(opcode, payload, fin=fin).serialize(mask=mask)


@pytest.mark.parametrize("length", [1, 4, 125, 126, 127, 3200, 65535])
def test_a_whole_message_is_taken(length: int) -> None:
    """The payload is unmasked, and the bytes behind the frame stay."""
    payload = os.urandom(length)
    sent = frame(payload)
    assert whole_binary(bytearray(sent + b"\x82\x80")) == (payload, len(sent))
    assert whole_binary(bytearray(sent)) == (payload, len(sent))


@pytest.mark.parametrize("missing", [1, 3199, 3200, 3203, 3206, 3207])
def test_a_part_of_a_frame_is_left(missing: int) -> None:
    """More bytes of it follow."""
    sent = frame(bytes(3200))
    assert whole_binary(bytearray(sent[: len(sent) - missing])) is None


@pytest.mark.parametrize(
    "other",
    [
        b"",
        frame(b""),
        frame(bytes(65536)),
        frame(b"text", Opcode.TEXT),
        frame(b"ping", Opcode.PING),
        frame(b"part", fin=False),
        frame(b"part", Opcode.CONT),
        frame(b"unmasked", mask=False),
        b"\xc2" + frame(b"compressed")[1:],
        b"\x82\xfe\x00\x05" + bytes(4) + b"short",
    ],
    ids=["nothing", "empty", "large", "text", "ping", "first fragment", "last fragment", "unmasked", "compressed", "long form"],
)
def test_everything_else_is_left(other: bytes) -> None:
    """The parser takes it, and refuses what breaks the protocol."""
    assert whole_binary(bytearray(other + bytes(8))) is None
