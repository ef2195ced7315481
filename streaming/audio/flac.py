"""Cuts a FLAC stream into its frames as the bytes come, so that each frame can be decoded as soon as it is whole (RFC 9639).

A frame does not tell its length. Its end is where the next frame's header begins; at the end of a chunk it is also where the
frame's checksum comes out even, which saves waiting for the next frame. Sans-I/O, no decoding.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

MAGIC = b"fLaC"
_LONGEST_HEADER = 16
_STREAMINFO = 34  # bytes of the one metadata block that a decoder can use
_BITS = {1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32}


def _crc_table(polynomial: int, bits: int) -> list[int]:
    """Return the 256 remainders of a most-significant-bit-first checksum."""
    table = []
    for value in range(256):
        value <<= bits - 8
        for _ in range(8):
            value = (value << 1) ^ polynomial if value >> (bits - 1) else value << 1
            value &= (1 << bits) - 1
        table.append(value)
    return table


_CRC8 = _crc_table(0x07, 8)
_CRC16 = _crc_table(0x8005, 16)
_STRIDE = 512


def _crc16_by_distance() -> np.ndarray[tuple[int, int], np.dtype[np.uint16]]:
    """Return what a byte adds to the checksum when 511, 510 ... 0 bytes follow it, shape (512, 256): checksums are linear."""
    first = np.array(_CRC16, dtype=np.uint16)
    rows = [first]
    for _ in range(_STRIDE - 1):
        rows.append((rows[-1] << 8) ^ first[rows[-1] >> 8])
    return np.array(rows[::-1])


_CRC16_AT = _crc16_by_distance()


def crc16(data: bytes, crc: int = 0) -> int:
    """Return FLAC's 16-bit frame checksum of `data`, going on from `crc`. Over a whole frame, its own checksum included, it is 0."""
    for start in range(0, len(data), _STRIDE):
        block = np.frombuffer(data[start : start + _STRIDE], dtype=np.uint8).copy()
        if len(block) == 1:
            crc = ((crc << 8) & 0xFFFF) ^ _CRC16[(crc >> 8) ^ int(block[0])]
            continue
        block[0] ^= crc >> 8
        block[1] ^= crc & 0xFF
        crc = int(np.bitwise_xor.reduce(_CRC16_AT[np.arange(_STRIDE - len(block), _STRIDE), block]))
    return crc


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """What the first bytes of a frame tell: enough to know the next frame's header when it comes."""

    variable: bool
    samples: int
    rate_code: int
    channels: int
    bits: int  # 0: as in the stream's metadata
    number: int

    @classmethod
    def read(cls, data: bytes | bytearray) -> Self | None:
        """Return the header that `data` (16 bytes or more) begins with, or None where there is none."""
        if data[0] != 0xFF or data[1] & 0xFE != 0xF8 or data[3] & 1:
            return None
        size_code, rate_code, channel_code, bits_code = data[2] >> 4, data[2] & 15, data[3] >> 4, data[3] >> 1 & 7
        if size_code == 0 or rate_code == 15 or channel_code > 10 or bits_code == 3:
            return None
        extra = next((n for n in range(8) if not data[4] << n & 0x80), 8)  # leading ones, as in UTF-8
        if extra == 1 or extra == 8:
            return None
        number = data[4] & (0x7F >> extra)
        at = 5
        for byte in data[at : at + max(0, extra - 1)]:
            if byte & 0xC0 != 0x80:
                return None
            number, at = number << 6 | byte & 0x3F, at + 1
        if size_code in (6, 7):
            samples = int.from_bytes(data[at : at + size_code - 5], "big") + 1
            at += size_code - 5
        else:
            samples = 192 if size_code == 1 else 144 << size_code if size_code < 6 else 1 << size_code
        at += {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
        check = 0
        for byte in data[:at]:
            check = _CRC8[check ^ byte]
        if check != data[at]:
            return None
        return cls(
            bool(data[1] & 1), samples, rate_code, min(channel_code + 1, 8) if channel_code < 8 else 2, _BITS.get(bits_code, 0), number
        )

    @property
    def longest(self) -> int:
        """Bytes that a frame with this header has at most (every sample stored as it is, and some slack)."""
        return self.samples * self.channels * ((self.bits or 32) + 1) // 8 + 64 * self.channels + 64

    def leads_to(self, other: Self) -> bool:
        """Tell whether `other` can be the header of the very next frame."""
        following = self.number + (self.samples if self.variable else 1)
        return (other.variable, other.rate_code, other.bits, other.number) == (self.variable, self.rate_code, self.bits, following)


class FrameSplitter:
    """Bytes in, whole frames out. Holds at most one frame; bytes that belong to none are dropped and counted in `skipped`."""

    def __init__(self) -> None:
        self.streaminfo: bytes | None = None
        self.skipped = 0
        self._buffer = bytearray()
        self._header: FrameHeader | None = None
        self._scanned = 0  # bytes of the frame at hand already searched for the next header
        self._crc, self._summed = 0, 0
        self._started = False
        self._metadata = False
        self._to_skip = 0

    def push(self, chunk: bytes) -> list[bytes]:
        """Return the frames that became whole with this chunk, as they are known by the header that follows them."""
        self._buffer += chunk
        frames: list[bytes] = []
        if not self._pass_metadata():
            return frames
        while self._header or self._find_header():
            end = self._find_end()
            if end:
                frames.append(bytes(self._buffer[:end]))
                self._cut(end)
            elif self._header and len(self._buffer) > self._header.longest + _LONGEST_HEADER:
                self.skipped += 2  # not a frame after all: search on behind its first two bytes
                self._cut(2)
            else:
                break
        return frames

    def tail(self) -> bytes | None:
        """Return the bytes at hand if their checksum says that they are a whole frame; call `drop_tail` once they are decoded."""
        if not self._header:
            return None
        self._crc = crc16(bytes(self._buffer[self._summed :]), self._crc)
        self._summed = len(self._buffer)
        return bytes(self._buffer) if self._crc == 0 else None

    def drop_tail(self) -> None:
        """Forget the bytes at hand."""
        self._cut(len(self._buffer))

    def _cut(self, end: int) -> None:
        del self._buffer[:end]
        self._header, self._scanned, self._crc, self._summed = None, 0, 0, 0

    def _pass_metadata(self) -> bool:
        """Consume the stream's mark and its metadata blocks; tell whether frames may follow."""
        if not self._started:
            if len(self._buffer) < len(MAGIC):
                return False
            self._started = True
            if self._buffer.startswith(MAGIC):
                self._metadata = True
                del self._buffer[: len(MAGIC)]
        while self._to_skip or self._metadata:
            cut = min(self._to_skip, len(self._buffer))
            del self._buffer[:cut]
            self._to_skip -= cut
            if self._to_skip or (self._metadata and not self._read_block()):
                return False
        return True

    def _read_block(self) -> bool:
        """Read the head of one metadata block, keep it if it describes the stream; False when more bytes are needed."""
        if len(self._buffer) < 4:
            return False
        kind, size = self._buffer[0] & 0x7F, int.from_bytes(self._buffer[1:4], "big")
        if kind == 0 and size == _STREAMINFO:
            if len(self._buffer) < 4 + size:
                return False
            self.streaminfo = bytes(self._buffer[4 : 4 + size])
        self._metadata = not self._buffer[0] & 0x80
        self._to_skip = 4 + size
        return True

    def _find_header(self) -> bool:
        """Drop bytes up to the next frame header; False when none is there yet."""
        last = len(self._buffer) - _LONGEST_HEADER
        at = self._buffer.find(0xFF)
        while 0 <= at <= last:
            self._header = FrameHeader.read(self._buffer[at : at + _LONGEST_HEADER])
            if self._header:
                break
            at = self._buffer.find(0xFF, at + 1)
        cut = at if self._header else len(self._buffer) if at < 0 else min(at, max(0, last + 1))
        self.skipped += cut
        del self._buffer[:cut]
        return self._header is not None

    def _find_end(self) -> int:
        """Return where the next frame begins, 0 while that is not known."""
        header = self._header
        last = len(self._buffer) - _LONGEST_HEADER
        at = self._buffer.find(0xFF, max(self._scanned, 4))
        while header and 0 <= at <= last:
            following = FrameHeader.read(self._buffer[at : at + _LONGEST_HEADER])
            if following and (header.leads_to(following) or crc16(bytes(self._buffer[:at])) == 0):
                return at
            at = self._buffer.find(0xFF, at + 1)
        self._scanned = max(4, last + 1)
        return 0
