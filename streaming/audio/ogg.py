"""Extracts the Opus packets from an Ogg stream, incrementally (RFC 3533, RFC 7845). Sans-I/O, no decoding."""

MAGIC = b"OggS"
_HEAD = 27  # bytes of a page before its segment table
_LONGEST_PACKET = 61_440  # RFC 7845, section 6: no audio packet needs more


class OggPackets:
    """Bytes in, Opus packets out. Buffers at most one page and one packet; bytes outside of pages are counted in `skipped`."""

    def __init__(self) -> None:
        self.skipped = 0
        self.foreign = False  # the stream contains a codec other than Opus
        self._buffer = bytearray()
        self._packet = bytearray()
        self._too_long = False

    def push(self, chunk: bytes) -> list[bytes]:
        """Return the audio packets that this chunk completes."""
        self._buffer += chunk
        packets: list[bytes] = []
        while self._find_page():
            segments = self._buffer[26]
            body = _HEAD + segments
            if len(self._buffer) < body:
                break
            sizes = self._buffer[_HEAD:body]
            if len(self._buffer) < body + sum(sizes):
                break
            if not self._buffer[5] & 1:  # not the continuation of a packet
                self._packet.clear()
            at = body
            for size in sizes:
                self._add(self._buffer[at : at + size], size < 255, packets)
                at += size
            del self._buffer[:at]
        return packets

    def _find_page(self) -> bool:
        """Drop the bytes before the next page; return False if its header is not complete yet."""
        at = self._buffer.find(MAGIC)
        cut = at if at >= 0 else max(0, len(self._buffer) - len(MAGIC) + 1)
        self.skipped += cut
        del self._buffer[:cut]
        return at >= 0 and len(self._buffer) >= _HEAD

    def _add(self, segment: bytes | bytearray, last: bool, packets: list[bytes]) -> None:
        if len(self._packet) + len(segment) <= _LONGEST_PACKET:
            self._packet += segment
        else:  # cover art in the comments, or invalid data: skip it
            self._too_long = True
        if not last:
            return
        packet, too_long = bytes(self._packet), self._too_long
        self._packet.clear()
        self._too_long = False
        if packet.startswith(b"OpusHead"):
            self.foreign = False
        elif packet.startswith((b"\x01vorbis", b"\x7fFLAC", b"Speex")):
            self.foreign = True
        elif packet and not too_long and not self.foreign and not packet.startswith(b"OpusTags"):
            packets.append(packet)
