"""Splits a FLAC stream into its frames incrementally, so that each frame can be decoded as soon as it is complete (RFC 9639).

A frame does not contain its length. It ends where the next frame's header starts. At the end of a chunk it also ends there if its
checksum is valid, so the next frame need not be awaited. Sans-I/O, no decoding.

The work is linear in the input for any content: each byte is searched once and enters one running checksum once, and the checksum of
any range between two headers follows from the running one in constant time (`_position_free`).
"""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

MAGIC = b"fLaC"
_LONGEST_HEADER = 16
_STREAMINFO = 34  # bytes of the one metadata block that a decoder can use
_BITS = {1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32}
_RATES = (0, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
_RATE_UNITS = {12: 1000, 13: 1, 14: 10}  # in Hz, by the header's rate code, of a rate that is written out
_CHECKSUM = 2  # bytes of the checksum at the end of a frame
_MOST_FRAME_BYTES = 600_000
"""Limit of a frame. A frame of 65,535 samples, two channels and 32 bits has 524,288 bytes; no encoder for up to 48 kHz exceeds that."""
_MOST_CANDIDATES = 8
"""Limit of headers found inside one frame before the frame is dropped. By chance about one byte in ten million starts a header."""
_FEW_BYTES = 32  # up to this length a loop in Python is faster than numpy


def _crc_table(polynomial: int, bits: int) -> list[int]:
    """Return the table of 256 remainders of a CRC, most significant bit first."""
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
    """Return what a byte adds to the checksum if 511, 510 ... 0 bytes follow it, shape (512, 256): a CRC is linear."""
    first = np.array(_CRC16, dtype=np.uint16)
    rows = [first]
    for _ in range(_STRIDE - 1):
        rows.append((rows[-1] << 8) ^ first[rows[-1] >> 8])
    return np.array(rows[::-1])


_CRC16_AT = _crc16_by_distance()
_ROWS = np.arange(_STRIDE, dtype=np.intp) * 256  # where each row of the table starts

_PERIOD = 32_767
"""The smallest n > 0 for which x^n is 1 modulo the checksum's polynomial, (x + 1)(x^15 + x + 1)."""


def _powers_of_x() -> list[int]:
    """Return x^0 ... x^32766 modulo the checksum's polynomial."""
    powers = [1]
    for _ in range(_PERIOD - 1):
        powers.append((powers[-1] << 1) ^ (0x18005 if powers[-1] & 0x8000 else 0))
    return powers


_POWERS = _powers_of_x()


def _position_free(crc: int, position: int) -> int:
    """Return the running checksum `crc` at a byte position, times x^(-8 position).

    Two positions have the same value if and only if the bytes between them have the checksum 0, since
    crc(b) = crc(a) x^(8 (b - a)) + checksum of [a, b).
    """
    value, exponent = 0, -8 * position % _PERIOD
    while crc:
        if crc & 1:
            value ^= _POWERS[exponent]
        crc >>= 1
        exponent = exponent + 1 if exponent < _PERIOD - 1 else 0
    return value


def crc16(data: bytes | bytearray, crc: int = 0) -> int:
    """Return FLAC's 16-bit frame checksum of `data`, continued from `crc`. It is 0 over a whole frame including its checksum."""
    first = len(data) if len(data) <= _FEW_BYTES else len(data) % _STRIDE
    if first <= _FEW_BYTES:
        for byte in data[:first]:
            crc = ((crc << 8) & 0xFFFF) ^ _CRC16[(crc >> 8) ^ byte]
    else:
        crc = _carried(crc, first) ^ int(np.bitwise_xor.reduce(_CRC16_AT.take(_row(data[:first]) + _ROWS[-first:])))
    if first < len(data):
        blocks = _row(data[first:]).reshape(-1, _STRIDE)
        for block in np.bitwise_xor.reduce(_CRC16_AT.take(blocks + _ROWS), axis=1).tolist():
            crc = _carried(crc, _STRIDE) ^ block
    return crc


def _row(data: bytes | bytearray) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.frombuffer(data, dtype=np.uint8).astype(np.intp)


def _carried(crc: int, count: int) -> int:
    """Return a checksum after `count` zero bytes (2 to 512): it contributes like the first two bytes."""
    row = _STRIDE - count
    return int(_CRC16_AT[row, crc >> 8]) ^ int(_CRC16_AT[row + 1, crc & 0xFF])


def _header_start() -> re.Pattern[bytes]:
    """Return a pattern for the first five bytes of a frame header: sync code, valid size and format codes, a coded number."""

    def one_of(allowed: Callable[[int], bool]) -> bytes:
        return b"[" + b"".join(re.escape(bytes([value])) for value in range(256) if allowed(value)) + b"]"

    sizes_and_rates = one_of(lambda value: value >> 4 != 0 and value & 15 != 15)
    channels_and_bits = one_of(lambda value: value >> 4 <= 10 and value >> 1 & 7 != 3 and not value & 1)
    number = one_of(lambda value: value < 0x80 or 0xC0 <= value < 0xFF)
    return re.compile(rb"\xff[\xf8\xf9]" + sizes_and_rates + channels_and_bits + number, re.DOTALL)


_HEADER_START = _header_start()


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """A frame header, with the fields that are needed to recognise the header of the next frame."""

    variable: bool
    samples: int
    rate_code: int
    rate: int  # in Hz; 0: as in the stream's metadata
    channels: int
    bits: int  # 0: as in the stream's metadata
    number: int
    size: int  # bytes of the header itself, its own checksum included

    @classmethod
    def read(cls, data: bytes | bytearray) -> Self | None:
        """Return the header at the start of `data` (at least 16 bytes), or None if there is none."""
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
        rate_bytes = 0 if rate_code < 12 else 1 if rate_code == 12 else 2
        rate = _RATES[rate_code] if rate_code < 12 else int.from_bytes(data[at : at + rate_bytes], "big") * _RATE_UNITS[rate_code]
        at += rate_bytes
        check = 0
        for byte in data[:at]:
            check = _CRC8[check ^ byte]
        if check != data[at]:
            return None
        return cls(
            variable=bool(data[1] & 1),
            samples=samples,
            rate_code=rate_code,
            rate=rate,
            channels=channel_code + 1 if channel_code < 8 else 2,
            bits=_BITS.get(bits_code, 0),
            number=number,
            size=at + 1,
        )

    @property
    def longest(self) -> int:
        """Largest size in bytes of a frame with this header (uncompressed samples and some slack)."""
        return min(_MOST_FRAME_BYTES, self.samples * self.channels * ((self.bits or 32) + 1) // 8 + 64 * self.channels + 64)

    def leads_to(self, other: Self) -> bool:
        """Return whether `other` can be the header of the next frame."""
        following = self.number + (self.samples if self.variable else 1)
        return (other.variable, other.rate_code, other.bits, other.number) == (self.variable, self.rate_code, self.bits, following)


class _Candidate(NamedTuple):
    """A position (bytes since the start of the stream) at which a frame may start, the header there and the checksum up to it."""

    position: int
    header: FrameHeader
    check: int  # as `_position_free` gives it

    def ends_at(self, other: "_Candidate") -> bool:
        """Return whether the next frame starts at `other`, by checksum or by frame number (then bytes are missing)."""
        if other.position - self.position < self.header.size + _CHECKSUM:
            return False
        return self.check == other.check or self.header.leads_to(other.header)


class FrameSplitter:
    """Bytes in, complete frames with a valid checksum out; other bytes are dropped and counted in `skipped`.

    Buffers at most one frame and `_MOST_CANDIDATES` headers in it. Positions count bytes since the start of the stream.
    """

    def __init__(self) -> None:
        self.streaminfo: bytes | None = None
        self.skipped = 0
        self._buffer = bytearray()
        self._most_samples = 65_536  # per frame; the metadata may set a lower limit
        self._base = 0  # position of the buffer's first byte
        self._candidates: deque[_Candidate] = deque()  # the first one is at the start of the buffer
        self._scanned = 0  # position up to which headers were searched
        self._crc, self._summed = 0, 0  # the running checksum and the position up to which it is computed
        self._tail_tried = False
        self._started = False
        self._metadata = False
        self._to_skip = 0

    def push(self, chunk: bytes) -> list[bytes]:
        """Return the frames that this chunk completes, recognised by the header that follows each of them."""
        self._buffer += chunk
        frames: list[bytes] = []
        if not self._pass_metadata():
            return frames
        while self._candidates or self._next_candidate():
            start = self._candidates[0]
            self._skip_to(start.position)
            end = self._find_end(start)
            if end is not None:
                if end.check == start.check:
                    frames.append(bytes(self._buffer[: end.position - self._base]))
                    self._cut_to(end.position)
                else:
                    self._skip_to(end.position)
            elif len(self._candidates) > _MOST_CANDIDATES or self._scanned - start.position > start.header.longest:
                self._candidates.popleft()  # not a frame: continue with the next header
                self._tail_tried = False
            else:
                break
        if not self._candidates:
            self._skip_to(self._scanned)
        return frames

    def tail(self) -> bytes | None:
        """Return the buffered bytes if they have the checksum of a whole frame, else None. Call `drop_tail` once they are decoded.

        They are returned once per frame: if they are not a whole frame after all, the next frame's header marks the end.
        """
        if not self._candidates or self._tail_tried:
            return None
        start = self._candidates[0]
        if len(self._buffer) < start.header.size + _CHECKSUM:
            return None
        self._sum_to(self._scanned)
        crc = crc16(self._buffer[self._scanned - self._base :], self._crc)
        if _position_free(crc, self._base + len(self._buffer)) != start.check:
            return None
        self._tail_tried = True
        return bytes(self._buffer)

    def drop_tail(self) -> None:
        """Drop the buffered bytes."""
        self._cut_to(self._base + len(self._buffer))

    def _skip_to(self, position: int) -> None:
        self.skipped += max(0, position - self._base)
        self._cut_to(position)

    def _cut_to(self, position: int) -> None:
        """Drop the bytes before a position and the headers in them."""
        if position > self._base:
            self._tail_tried = False
            self._drop(position - self._base)
        while self._candidates and self._candidates[0].position < position:
            self._candidates.popleft()

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._base += count
        self._scanned = max(self._scanned, self._base)
        if self._summed < self._base:
            self._summed, self._crc = self._base, 0  # no header before this position is kept

    def _sum_to(self, position: int) -> None:
        """Add the bytes up to a position to the running checksum."""
        if position > self._summed:
            self._crc = crc16(self._buffer[self._summed - self._base : position - self._base], self._crc)
            self._summed = position

    def _pass_metadata(self) -> bool:
        """Consume the magic number and the metadata blocks; return whether frames may follow."""
        if not self._started:
            if len(self._buffer) < len(MAGIC):
                return False
            self._started = True
            if self._buffer.startswith(MAGIC):
                self._metadata = True
                self._drop(len(MAGIC))
        while self._to_skip or self._metadata:
            cut = min(self._to_skip, len(self._buffer))
            self._drop(cut)
            self._to_skip -= cut
            if self._to_skip or (self._metadata and not self._read_block()):
                return False
        return True

    def _read_block(self) -> bool:
        """Read the header of one metadata block and keep a STREAMINFO block; return False if more bytes are needed."""
        if len(self._buffer) < 4:
            return False
        kind, size = self._buffer[0] & 0x7F, int.from_bytes(self._buffer[1:4], "big")
        if kind == 0 and size == _STREAMINFO:
            if len(self._buffer) < 4 + size:
                return False
            self.streaminfo = bytes(self._buffer[4 : 4 + size])
            self._most_samples = int.from_bytes(self.streaminfo[2:4], "big") or self._most_samples
        self._metadata = not self._buffer[0] & 0x80
        self._to_skip = 4 + size
        return True

    def _next_candidate(self) -> bool:
        """Find the next frame header and keep it; return False if there is none yet."""
        last = len(self._buffer) - _LONGEST_HEADER
        at = self._scanned - self._base
        while at <= last:
            match = _HEADER_START.search(self._buffer, at)
            if match is None or match.start() > last:
                break
            at = match.start()
            header = FrameHeader.read(self._buffer[at : at + _LONGEST_HEADER])
            if header is not None and header.samples <= self._most_samples:
                position = self._base + at
                if not self._candidates:
                    self._summed, self._crc = position, 0
                self._sum_to(position)
                self._candidates.append(_Candidate(position, header, _position_free(self._crc, position)))
                self._scanned = position + 1
                return True
            at += 1
        self._scanned = max(self._scanned, self._base + last + 1)
        return False

    def _find_end(self, start: _Candidate) -> _Candidate | None:
        """Return where the next frame starts, None while unknown. Searches up to the largest size of the frame."""
        for other in self._candidates:
            if start.ends_at(other):
                return self._near(start, other)
        while len(self._candidates) <= _MOST_CANDIDATES and self._scanned - start.position <= start.header.longest:
            if not self._next_candidate():
                return None
            if start.ends_at(self._candidates[-1]):
                return self._near(start, self._candidates[-1])
        return None

    def _near(self, start: _Candidate, end: _Candidate) -> _Candidate | None:
        return end if end.position - start.position <= start.header.longest else None
