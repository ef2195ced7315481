"""Reads the duration from the first bytes of an Opus packet (RFC 6716, section 3). No decoding."""

_SILK_MS = (10.0, 20.0, 40.0, 60.0)
_HYBRID_MS = (10.0, 20.0)
_CELT_MS = (2.5, 5.0, 10.0, 20.0)
_MOST_MS = 120.0
"""Longest allowed packet (RFC 6716, section 3.4, R5)."""


def duration_s(packet: bytes) -> float | None:
    """Return the seconds of audio that a packet announces, up to 0.12; None if its header is not valid."""
    if not packet:
        return None
    code = packet[0] & 3
    if code == 3:
        if len(packet) < 2:
            return None
        frames = packet[1] & 0x3F
    else:
        frames = 1 if code == 0 else 2
    milliseconds = frames * _frame_ms(packet[0] >> 3)
    return milliseconds / 1000 if 0 < milliseconds <= _MOST_MS else None


def _frame_ms(configuration: int) -> float:
    if configuration < 12:
        return _SILK_MS[configuration % 4]
    if configuration < 16:
        return _HYBRID_MS[configuration % 2]
    return _CELT_MS[configuration % 4]
