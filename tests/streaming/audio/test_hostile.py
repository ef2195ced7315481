"""Audio that is made to be expensive: every decoder's CPU time and memory are linear in its input, whatever the bytes are.

The tests measure CPU time of this thread, not wall time; the limits are about ten times what a slow machine needs, and far below what a
decoder takes that is not linear.
"""

import random
import time
import tracemalloc
from collections.abc import Callable

import pytest

from streaming.audio.codecs import AudioError, Decoder, open_decoder
from streaming.audio.pcm import RATE
from tests.attacks import hostile_audio
from tests.attacks.hostile_audio import CHUNK, cut, flac_header, flac_silence, ogg_page, webm_block
from tests.streaming.audio.encoded_audio import encoded, opus_packets, tone

CPU_PER_BYTE = 40e-6
CPU_PER_AUDIO_S = 0.1
START_CPU_S = 0.3
MEMORY_BYTES = 8_000_000
"""The allowed memory peak of a decoder while blocks are read one by one: a frame of eight seconds, a chunk, and the stream's state."""

SOUND = tone(1.0)
STREAMS = {
    "LINEAR16": ("LINEAR16", SOUND.tobytes()),
    "MULAW": ("MULAW", random.Random(1).randbytes(8_000)),
    "FLAC": ("FLAC", encoded(SOUND, "flac", "flac")),
    "raw Opus": ("OPUS", b""),
    "Ogg": ("OPUS", encoded(SOUND, "ogg", "libopus", 48_000)),
    "WebM": ("OPUS", encoded(SOUND, "webm", "libopus", 48_000, live="1", cluster_time_limit="100")),
}
PACKETS = opus_packets(SOUND)


def opened(encoding: str) -> Decoder:
    """Return a decoder for an encoding, at a rate that it allows."""
    return open_decoder(encoding, 8_000 if encoding == "MULAW" else 16_000)


def consume(decoder: Decoder, chunks: list[bytes]) -> tuple[float, float, int]:
    """Decode block by block, as the decode queue does; return CPU seconds, seconds of audio, and the number of refused chunks."""
    began, samples, refused = time.thread_time(), 0, 0
    for chunk in chunks:
        try:
            for block in decoder.blocks(chunk):
                samples += len(block)
        except AudioError:
            refused += 1
    return time.thread_time() - began, samples / RATE, refused


def assert_cheap(encoding: str, chunks: list[bytes]) -> tuple[float, int]:
    """Check the CPU time of one stream; return its seconds of audio and the number of refused chunks."""
    cpu_s, audio_s, refused = consume(opened(encoding), chunks)
    allowed = START_CPU_S + CPU_PER_BYTE * sum(map(len, chunks)) + CPU_PER_AUDIO_S * audio_s
    assert cpu_s <= allowed, f"{cpu_s:.2f} s for {sum(map(len, chunks))} bytes, {audio_s:.1f} s of audio"
    return audio_s, refused


@pytest.mark.parametrize("name", hostile_audio.ATTACKS)
def test_the_attacks_are_cheap(name: str) -> None:
    """Each attack of the measurement script stays within the limits."""
    encoding, chunks = hostile_audio.ATTACKS[name]
    assert_cheap(encoding, chunks())


def numbered_headers(count: int) -> bytes:
    """Return headers, each of which continues the numbering of the previous one."""
    return b"".join(flac_header(number) for number in range(count))


def nested_headers(count: int) -> bytes:
    """Return headers of growing frames: each frame could contain all later ones."""
    return b"".join(flac_header(number, size=1 + number % 15, channels=number % 8) for number in range(count))


@pytest.mark.parametrize(
    "many", [numbered_headers, nested_headers, lambda count: flac_header(3) * count], ids=["in order", "nested", "same"]
)
@pytest.mark.parametrize("head", [b"", hostile_audio.FLAC_HEAD], ids=["no head", "head"])
def test_the_cost_of_headers_is_linear(many: Callable[[int], bytes], head: bytes) -> None:
    """Four times the headers in one chunk take about four times the CPU time; a quadratic search takes sixteen times."""
    few, lots = head + many(1_000), head + many(4_000)
    consume(opened("FLAC"), [few])  # the cost of the first call only
    one = min(consume(opened("FLAC"), [few])[0] for _ in range(3))
    four = min(consume(opened("FLAC"), [lots])[0] for _ in range(3))
    assert four / one < 9


@pytest.mark.parametrize("size", [1, 7, CHUNK])
def test_zeros_after_a_whole_frame(size: int) -> None:
    """Zeros keep the checksum correct, so that each chunk could be the end of the frame; it is tried once."""
    frame = flac_silence(0, rate=5)
    assert_cheap("FLAC", cut(frame + flac_header(1, size=15, channels=7) + bytes(20_000), size))


RATES = {1: 88_200, 2: 176_400, 3: 192_000, 11: 96_000, 12: (255_000, b"\xff"), 13: (7_999, b"\x1f\x3f"), 14: (655_350, b"\xff\xff")}


@pytest.mark.parametrize("code", RATES)
def test_a_rate_is_refused_by_its_header(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """FLAC at a rate that is not allowed is refused before it is decoded, with the rate and the allowed rates."""
    known = RATES[code]
    rate, extra = known if isinstance(known, tuple) else (known, b"")
    monkeypatch.setattr("streaming.audio.codecs.PacketDecoder._decode_one", None)
    frames = b"".join(flac_silence(number, rate=code, extra=extra) for number in range(3))
    with pytest.raises(AudioError, match=rf"the stream has {rate} samples per second; allowed is from 8000 to 48000"):
        open_decoder("FLAC", 16_000).decode(frames)


@pytest.mark.parametrize(
    ("encoding", "chunk"),
    [
        ("FLAC", b"".join(flac_silence(number, rate=10) for number in range(60))),
        ("OPUS", ogg_page([b"\x18"] * 255) * 5),
        ("OPUS", hostile_audio.WEBM_HEAD + webm_block(b"\x18") * 1_100),
    ],
    ids=["FLAC", "Ogg", "WebM"],
)
def test_a_duration_is_refused_by_its_headers(encoding: str, chunk: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk that announces more than a minute is refused before it is decoded."""
    monkeypatch.setattr("streaming.audio.codecs.PacketDecoder._decode_one", None)
    with pytest.raises(AudioError, match="at most 60 seconds"):
        open_decoder(encoding, 16_000).decode(chunk)


@pytest.mark.parametrize("packet", [b"\x83", b"\x83\x00", b"\x83\x3f", b"\x1b\x03", b"\x03\xff\xff"], ids=bytes.hex)
def test_an_opus_packet_is_refused_by_its_head(packet: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A packet without frames, or with more than 120 ms, is refused."""
    monkeypatch.setattr("streaming.audio.codecs.PacketDecoder._decode_one", None)
    with pytest.raises(AudioError, match="no Opus packet"):
        open_decoder("OPUS", 48_000).decode(packet)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return a stream with one or more faults."""
    kind = rng.choice(["truncate", "flip", "giant", "repeat", "join", "insert", "cut", "headers"])
    at, end = sorted((rng.randrange(len(data)), rng.randrange(len(data))))
    match kind:
        case "truncate":
            return data[:end]
        case "flip":
            changed = bytearray(data)
            for _ in range(rng.randint(1, 200)):
                changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            return bytes(changed)
        case "giant":
            return (
                data[:at] + rng.choice([b"\xff" * 8, b"\x01" + b"\xff" * 7, b"\xa3\x08\xff\xff\xff\xff", b"\x7f\xff\xff\xff"]) + data[at:]
            )
        case "repeat":
            return data[:100] * rng.randint(2, 100) + data
        case "join":
            return data[:end] + rng.choice([stream for _, stream in STREAMS.values()])[:20_000] + data[at:]
        case "insert":
            return data[:at] + rng.randbytes(rng.randint(1, 3_000)) + data[at:]
        case "cut":
            return data[:at] + data[end:]
        case _:
            return data[:at] + (data[:16] or b"\xff") * rng.randint(2, 300) + data[at:]


def chunks_of(name: str, rng: random.Random) -> list[bytes]:
    """Return a stream with faults, in chunks; bare packets have their faults one by one."""
    if name == "raw Opus":
        packets = [packet if rng.random() < 0.7 else mutated(packet + b"\0", rng)[:CHUNK] for packet in PACKETS]
        return packets + [rng.randbytes(rng.randint(1, 60)) for _ in range(20)]
    data = STREAMS[name][1]
    for _ in range(rng.randint(1, 3)):
        data = mutated(data, rng) or b"\0"
    return cut(data[:200_000], rng.choice([333, 1_000, CHUNK]))


@pytest.mark.parametrize("name", STREAMS)
def test_fuzz_of_cpu_time(name: str) -> None:
    """Thirty broken streams of each codec raise only AudioError, within the CPU time for their bytes and seconds of audio."""
    rng = random.Random(name)
    for _ in range(30):
        assert_cheap(STREAMS[name][0], chunks_of(name, rng))


@pytest.mark.parametrize("name", [*STREAMS, *hostile_audio.ATTACKS])
def test_fuzz_of_memory(name: str) -> None:
    """A decoder's memory is bounded, however much audio a few bytes announce."""
    rng = random.Random(name)
    if name in STREAMS:
        encoding, streams = STREAMS[name][0], [chunks_of(name, rng) for _ in range(3)]
    else:
        encoding, chunks = hostile_audio.ATTACKS[name]
        streams = [chunks()[:6] + chunks()[-2:]]
    for chunks in streams:
        decoder = opened(encoding)
        tracemalloc.start()
        try:
            consume(decoder, chunks)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < MEMORY_BYTES


def test_broken_webm_leaves_no_backlog() -> None:
    """The excess errors of a chunk with many broken places do not carry over to the next chunk."""
    decoder = opened("OPUS")
    broken = b"\x00\x1f\x43\xb6\x75\x80" * 1_000
    consume(decoder, [hostile_audio.WEBM_HEAD, *[broken] * 20])
    _, audio_s, _ = consume(decoder, [webm_block(b"\x18") * 4])
    assert audio_s == pytest.approx(0.24, abs=0.03)


def test_a_valid_frame_between_false_headers_is_decoded() -> None:
    """False headers do not lose the frame after them."""
    stream = STREAMS["FLAC"][1]
    first = stream.index(b"\xff\xf8")
    decoder = opened("FLAC")
    _, audio_s, _ = consume(decoder, cut(stream[:first] + flac_header(5, size=15, channels=7) * 50 + stream[first:], 500))
    assert audio_s == pytest.approx(1.0)
