"""Ogg pages with one Opus stream (RFC 3533, RFC 7845): written page by page, indexed for reading from any time, and repaired.

Positions are in samples at 48 kHz, as the format counts them.
"""

import io
import os
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from streaming.audio.ogg import MAGIC

OPUS_RATE = 48_000
"""Samples in a second of any Opus stream."""
PAGE_SAMPLES = 24_000
"""Samples after which a page is complete: half a second, which a crash loses at most."""
_HEADER = struct.Struct("<4sBBqIIIB")
_MOST_SEGMENTS = 255
_SERIAL = 1  # number of the only logical stream of a file
_BEGIN, _END = 2, 4
_HEAD_PAGES = 2
_MOST_PAGE = _HEADER.size + _MOST_SEGMENTS + _MOST_SEGMENTS * 255


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
        table.append(value)
    return tuple(table)


_CRC = _crc_table()


def checksum(page: bytes | bytearray) -> int:
    """Return the checksum of a page whose own checksum field is zero."""
    value = 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ _CRC[value >> 24 ^ byte]
    return value


class PageWriter:
    """Packets in, bytes of an Ogg stream out.

    Args:
        opus_head: the packet OpusHead, the `extradata` of the encoder.
        comments: texts by name, readable with `PageIndex.comments`.
    """

    def __init__(self, opus_head: bytes, comments: Mapping[str, str]) -> None:
        self._opus_head, self._comments = opus_head, comments
        self._sequence = 0
        self._position = 0
        self._segments = bytearray()
        self._body = bytearray()
        self._page_began = 0

    def head(self) -> bytes:
        """Return the first two pages."""
        fields = [f"{name}={text}".encode() for name, text in self._comments.items()]
        parts = [b"OpusTags", struct.pack("<I", 6), b"parley", struct.pack("<I", len(fields))]
        tags = b"".join([*parts, *(struct.pack("<I", len(one)) + one for one in fields)])
        return self._single(self._opus_head, _BEGIN) + self._single(tags, 0)

    def add(self, packet: bytes, samples: int) -> bytes:
        """Append a packet with so many samples; return the page that it does not fit into any more, or completes, else no bytes."""
        lacing = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
        made = self.flush() if len(self._segments) + len(lacing) > _MOST_SEGMENTS else b""
        self._segments += lacing
        self._body += packet
        self._position += samples
        return made + self.flush() if self._position - self._page_began >= PAGE_SAMPLES else made

    def flush(self) -> bytes:
        """Return the page of the packets that were not written yet; no bytes if there are none."""
        return self._page(0) if self._segments else b""

    def finish(self) -> bytes:
        """Return the last page, which marks the end of the stream."""
        return self._page(_END)

    def _single(self, packet: bytes, flags: int) -> bytes:
        self._segments = bytearray([255] * (len(packet) // 255) + [len(packet) % 255])
        self._body = bytearray(packet)
        return self._page(flags)

    def _page(self, flags: int) -> bytes:
        head = _HEADER.pack(MAGIC, 0, flags, self._position, _SERIAL, self._sequence, 0, len(self._segments))
        page = bytearray(head + self._segments + self._body)
        page[22:26] = struct.pack("<I", checksum(page))
        self._sequence += 1
        self._page_began = self._position
        self._segments.clear()
        self._body.clear()
        return bytes(page)


@dataclass(slots=True)
class PageIndex:
    """The complete pages of a file with audio: where each begins and the position after it.

    `pre_skip` is the number of samples that a decoder drops at the start; `size` is the number of bytes of all complete pages.
    """

    pre_skip: int = 0
    comments: dict[str, str] = field(default_factory=dict)
    offsets: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    size: int = 0

    @classmethod
    def read(cls, file: BinaryIO) -> "PageIndex":
        """Index a file, reading only the headers of its pages; what comes after the last complete page is ignored."""
        index, last = cls(), 0
        length = file.seek(0, io.SEEK_END)
        number = 0
        while (page := _page_at(file, index.size, length)) is not None:
            position, lacing, total = page
            if number < _HEAD_PAGES:
                packet = _read(file, index.size + total - sum(lacing), sum(lacing))
                index._read_head(packet)
            elif position > last:
                index.offsets.append(index.size)
                index.ends.append(position)
                last = position
            index.size += total
            number += 1
        return index

    @property
    def seconds(self) -> float:
        """Length of the audio."""
        return max(0, self.ends[-1] - self.pre_skip) / OPUS_RATE if self.ends else 0.0

    def page_before(self, position: int) -> int:
        """Return the number of the page that contains a position (samples from the start of the stream, pre-skip included)."""
        return min(bisect_right(self.ends, position), max(0, len(self.ends) - 1))

    def _read_head(self, packet: bytes) -> None:
        if packet.startswith(b"OpusHead") and len(packet) >= 12:
            self.pre_skip = int.from_bytes(packet[10:12], "little")
        elif packet.startswith(b"OpusTags"):
            self.comments = _comments(packet)


def packets_from(file: BinaryIO, index: PageIndex, page: int) -> Iterator[bytes]:
    """Yield the packets of an indexed file, from the start of page number `page`. No packet of our files extends over two pages."""
    for number in range(page, len(index.offsets)):
        until = index.offsets[number + 1] if number + 1 < len(index.offsets) else index.size
        data = _read(file, index.offsets[number], until - index.offsets[number])
        lacing = data[_HEADER.size : _HEADER.size + data[26]]
        at = _HEADER.size + len(lacing)
        start = at
        for size in lacing:
            at += size
            if size < 255:
                if at > start:
                    yield data[start:at]
                start = at


def rewritten(file: BinaryIO, packet_samples: int, changed: Callable[[int, bytes], bytes]) -> Iterator[bytes]:
    """Yield the complete pages of a file; `changed` returns what replaces a packet of audio, given its position and the packet.

    Packets have `packet_samples` samples each; what replaces one has less than 255 bytes. A page without a change stays the same.
    """
    length = file.seek(0, io.SEEK_END)
    offset = number = begun = 0
    while (found := _page_at(file, offset, length)) is not None:
        position, lacing, total = found
        page = _read(file, offset, total)
        if number >= _HEAD_PAGES:
            page = _with_packets(page, lacing, lambda at, packet, start=begun: changed(start + at * packet_samples, packet))  # type: ignore[misc]
            begun = max(begun, position)
        yield page
        offset += total
        number += 1


def _with_packets(page: bytes, lacing: bytes, changed: Callable[[int, bytes], bytes]) -> bytes:
    """Return a page with each packet replaced by what `changed` returns for its number and itself."""
    packets, at = list[bytes](), _HEADER.size + len(lacing)
    start = at
    for size in lacing:
        at += size
        if size < 255:
            packets.append(page[start:at])
            start = at
    new = [changed(number, packet) for number, packet in enumerate(packets)]
    if new == packets or start != at:  # a packet that extends over two pages is none of ours
        return page
    segments = b"".join(bytes([255] * (len(packet) // 255) + [len(packet) % 255]) for packet in new)
    made = bytearray(page[: _HEADER.size - 1] + bytes([len(segments)]) + segments + b"".join(new))
    made[22:26] = bytes(4)
    made[22:26] = struct.pack("<I", checksum(made))
    return bytes(made)


def repair(file: BinaryIO) -> PageIndex:
    """Cut off what follows the last complete and correct page; return the index of the rest."""
    index = PageIndex.read(file)
    while index.offsets and not _is_correct(_read(file, index.offsets[-1], index.size - index.offsets[-1])):
        index.size = index.offsets.pop()
        index.ends.pop()
    file.truncate(index.size)
    return index


def _is_correct(data: bytes) -> bool:
    """Return whether the first page in the data has its checksum."""
    size = _HEADER.size + data[26] + sum(data[_HEADER.size : _HEADER.size + data[26]])
    page = bytearray(data[:size])
    found = bytes(page[22:26])
    page[22:26] = bytes(4)
    return struct.pack("<I", checksum(page)) == found


def _page_at(file: BinaryIO, offset: int, length: int) -> tuple[int, bytes, int] | None:
    """Return position, lacing values and size of the page at an offset; None if there is no complete page."""
    if offset + _HEADER.size > length:
        return None
    head = _read(file, offset, _HEADER.size + _MOST_SEGMENTS)
    if len(head) < _HEADER.size or not head.startswith(MAGIC):
        return None
    lacing = head[_HEADER.size : _HEADER.size + head[26]]
    total = _HEADER.size + head[26] + sum(lacing)
    if len(lacing) < head[26] or offset + total > length:
        return None
    return struct.unpack_from("<q", head, 6)[0], lacing, total


def _read(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset, os.SEEK_SET)
    return file.read(min(size, _MOST_PAGE * 2))


def _comments(packet: bytes) -> dict[str, str]:
    """Return the comments of an OpusTags packet; none if it is not valid."""
    found: dict[str, str] = {}
    try:
        at = 12 + struct.unpack_from("<I", packet, 8)[0]
        (count,) = struct.unpack_from("<I", packet, at)
        at += 4
        for _ in range(min(count, 64)):
            (size,) = struct.unpack_from("<I", packet, at)
            name, _, text = packet[at + 4 : at + 4 + size].decode(errors="replace").partition("=")
            found[name] = text
            at += 4 + size
    except struct.error:
        return found
    return found
