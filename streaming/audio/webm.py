"""Extracts the Opus packets from a WebM stream, incrementally, such as that of a browser's MediaRecorder (RFC 8794, RFC 9559).

Sans-I/O, no decoding. Elements that contain audio are entered, all others are skipped; nesting is ignored.
"""

import re

MAGIC = b"\x1a\x45\xdf\xa3"
_ENTER = {0x18538067, 0x1F43B675, 0xA0, 0x1654AE6B, 0xAE}  # Segment, Cluster, BlockGroup, Tracks, TrackEntry
_TRACK_NUMBER, _CODEC, _SIMPLE_BLOCK, _BLOCK = 0xD7, 0x86, 0xA3, 0xA1
_LONGEST_VALUE = 65_536
_RESUME = re.compile(re.escape(MAGIC) + rb"|\x1f\x43\xb6\x75")  # where parsing resumes after invalid bytes


def _vint(data: bytes | bytearray, at: int, keep_marker: bool) -> tuple[int, int] | None:
    """Return a variable-length number and the position after it; None if bytes are missing. Raises ValueError if the first byte is 0."""
    if at >= len(data):
        return None
    length = 9 - data[at].bit_length()
    if length > 8:
        raise ValueError("no such length")
    if at + length > len(data):
        return None
    number = int.from_bytes(data[at : at + length], "big")
    return (number if keep_marker else number & ((1 << 7 * length) - 1)), at + length


class WebmPackets:
    """Bytes in, Opus packets out. Buffers at most one element; invalid bytes are dropped and counted in `skipped`."""

    def __init__(self) -> None:
        self.skipped = 0
        self.foreign = False  # the stream contains an audio codec other than Opus
        self._buffer = bytearray()
        self._to_skip = 0
        self._entry = 0  # number of the track whose description is being read
        self._track: int | None = None

    def push(self, chunk: bytes) -> list[bytes]:
        """Return the audio packets that this chunk completes."""
        self._buffer += chunk
        packets: list[bytes] = []
        while self._buffer:
            try:
                if not self._element(packets):
                    break
            except ValueError:  # no element starts here: resume at the next cluster or stream
                found = _RESUME.search(self._buffer, 1)
                cut = found.start() if found else max(1, len(self._buffer) - len(MAGIC) + 1)
                self.skipped += cut
                del self._buffer[:cut]
        return packets

    def _element(self, packets: list[bytes]) -> bool:
        """Read one element; return False if more bytes are needed. Raises ValueError if no element starts here."""
        cut = min(self._to_skip, len(self._buffer))
        del self._buffer[:cut]
        self._to_skip -= cut
        kind = None if self._to_skip else _vint(self._buffer, 0, keep_marker=True)
        size = _vint(self._buffer, kind[1], keep_marker=False) if kind else None
        if not kind or not size:
            return False
        if kind[1] > 4:
            raise ValueError("no such element")
        name, (length, body) = kind[0], size
        if name in _ENTER:
            del self._buffer[:body]
        elif name in (_TRACK_NUMBER, _CODEC, _SIMPLE_BLOCK, _BLOCK):
            if length > _LONGEST_VALUE:
                raise ValueError("too long")
            if len(self._buffer) < body + length:
                return False
            self._value(name, bytes(self._buffer[body : body + length]), packets)
            del self._buffer[: body + length]
        else:
            self._to_skip = body + length
        return True

    def _value(self, name: int, value: bytes, packets: list[bytes]) -> None:
        if name == _TRACK_NUMBER:
            self._entry = int.from_bytes(value, "big")
        elif name == _CODEC:
            if value.rstrip(b"\0") == b"A_OPUS":
                self._track = self._entry
            elif value.startswith(b"A_"):
                self.foreign = True
        else:
            self._block(value, packets)

    def _block(self, value: bytes, packets: list[bytes]) -> None:
        """Append the packet of a block (track number, two bytes of time, flags, packet) if it belongs to the Opus track."""
        track = _vint(value, 0, keep_marker=False)
        if track and track[0] == self._track and len(value) > track[1] + 3:
            laced = value[track[1] + 2] & 0x06  # several packets in one block, which live encoders do not use for speech
            if not laced:
                packets.append(value[track[1] + 3 :])
