"""Takes a whole binary message from the start of the bytes of a WebSocket: nearly all frames that clients send are such audio.

Daphne's parser takes ten times as long for one, because it is written for frames that arrive in parts.
"""

from websockets.frames import apply_mask  # type: ignore[attr-defined]  # the compiled function, where there is one

_BINARY = 0x82
"""First byte of a binary message in one frame without extensions (RFC 6455, section 5.2)."""
_MASKED = 0x80
_LENGTH_16 = 126
_MASK_BYTES = 4
_LEAST_BYTES = 2 + _MASK_BYTES


def whole_binary(data: bytearray) -> tuple[bytes, int] | None:
    """Return the payload of the masked binary message that the bytes begin with, and the bytes of its frame.

    None if they begin with anything else: a part of a frame, a fragment, an empty frame, one that breaks the protocol, or one of more than
    65,535 bytes. The parser takes those.
    """
    if len(data) < _LEAST_BYTES or data[0] != _BINARY:
        return None
    length, start = data[1] - _MASKED, 2
    if length == _LENGTH_16:
        length, start = data[2] << 8 | data[3], 4
        if length < _LENGTH_16:
            return None
    elif not 0 < length < _LENGTH_16:
        return None
    begin = start + _MASK_BYTES
    end = begin + length
    return (apply_mask(bytes(data[begin:end]), bytes(data[start:begin])), end) if len(data) >= end else None
