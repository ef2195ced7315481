"""Bytes that are expensive to decode, or that claim to be long: FLAC frames, Opus packets and their containers. Imports nothing of
Parley."""

from collections.abc import Iterator

CHUNK = 8_192
"""The largest binary message that a server takes by default."""
FLAC_HEAD = b"fLaC\x80\x00\x00\x22" + bytes.fromhex("1000100000000000000003e800f000000000") + bytes(16)
"""The head of a stream of 16 kHz, mono, 16 bits, frames of 4,096 samples."""
WEBM_HEAD = bytes.fromhex("1a45dfa380 1853806701ffffffffffffff 1654ae6b8d ae8b d78101 8686") + b"A_OPUS"
"""The head of a live WebM stream whose track 1 is Opus."""


def crc(data: bytes, polynomial: int, bits: int) -> int:
    """Return a checksum as in FLAC: most significant bit first, from 0."""
    value, top = 0, 1 << bits - 1
    for byte in data:
        value ^= byte << bits - 8
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & (1 << bits) - 1
    return value


def flac_header(number: int, *, size: int = 1, rate: int = 5, channels: int = 0, bits: int = 4, extra: bytes = b"") -> bytes:
    """Return a valid frame header with these codes; `extra` are the bytes that they announce after the frame number."""
    head = bytes([0xFF, 0xF8, size << 4 | rate, channels << 4 | bits << 1]) + chr(number % 0x800).encode() + extra
    return head + bytes([crc(head, 0x07, 8)])


def flac_silence(number: int, *, rate: int, extra: bytes = b"") -> bytes:
    """Return a valid frame of 65,535 equal samples in about 16 bytes; `rate` is the header's code."""
    frame = flac_header(number, size=7, rate=rate, extra=b"\xff\xfe" + extra) + bytes(3)
    return frame + crc(frame, 0x8005, 16).to_bytes(2, "big")


def ogg_page(packets: list[bytes]) -> bytes:
    """Return a page with packets of fewer than 255 bytes."""
    return b"OggS\0\0" + bytes(20) + bytes([len(packets)]) + bytes(len(packet) for packet in packets) + b"".join(packets)


def webm_block(packet: bytes) -> bytes:
    """Return a simple block of track 1 with a short packet."""
    return bytes([0xA3, 0x80 | len(packet) + 4, 0x81, 0, 0, 0]) + packet


def cut(data: bytes, size: int = CHUNK) -> list[bytes]:
    """Return the bytes in chunks."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def flac_headers() -> list[bytes]:
    """Consecutive headers: each could end a frame of any earlier one."""
    return cut(FLAC_HEAD + flac_header(0, size=15, channels=7) + flac_header(3) * 11_000)


def flac_mixed() -> list[bytes]:
    """A frame of 12 ms in each chunk, so that none is refused, followed by headers without frames."""
    frame = flac_header(0) + bytes(3)
    frame += crc(frame, 0x8005, 16).to_bytes(2, "big")
    return [frame + flac_header(3) * ((CHUNK - len(frame)) // len(flac_header(3)))] * 8


def flac_rate() -> list[bytes]:
    """Frames of 65,535 samples that announce 655,350 Hz."""
    return cut(b"".join(flac_silence(number, rate=14, extra=b"\xff\xff") for number in range(2_000)))


def flac_hours() -> list[bytes]:
    """Silence at 48 kHz: chunks of 54 s, the allowed maximum, and larger ones."""
    frames = [flac_silence(number, rate=10) for number in range(2_000)]
    return [b"".join(frames[at : at + 39]) for at in range(0, 1_170, 39)] + cut(b"".join(frames[1_170:]))


def opus() -> list[bytes]:
    """Bare packets of two bytes that claim 120 ms, and of one byte that claim 2.5 ms."""
    return [b"\x1b\x02", b"\x80"] * 1_000


def ogg() -> list[bytes]:
    """Pages of packets of one byte that claim 60 ms: chunks of 46 s, the allowed maximum, and larger ones."""
    page = ogg_page([b"\x18"] * 255)
    return [page * 3] * 10 + cut(page * 15)


def webm() -> list[bytes]:
    """Blocks of one byte that claim 60 ms, then bytes at which the reader must resynchronise repeatedly."""
    blocks = webm_block(b"\x18") * 900
    return [WEBM_HEAD, *cut(blocks, 6_000), *cut(b"\x00\x1f\x43\xb6\x75\x80" * 10_000)]


ATTACKS = {
    "flac-headers": ("FLAC", flac_headers),
    "flac-mixed": ("FLAC", flac_mixed),
    "flac-rate": ("FLAC", flac_rate),
    "flac-hours": ("FLAC", flac_hours),
    "opus": ("OPUS", opus),
    "ogg": ("OPUS", ogg),
    "webm": ("OPUS", webm),
}
"""By name: the encoding to announce, and the chunks to send over and over again."""


def endless(attack: str) -> Iterator[bytes]:
    """Yield the chunks of an attack without end."""
    chunks = ATTACKS[attack][1]()
    while True:
        yield from chunks
