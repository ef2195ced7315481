"""FLAC streams cut into frames."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.audio.flac import FrameSplitter, _position_free, crc16
from tests.streaming.audio.encoded_audio import encoded, tone

STREAM = encoded(tone(2.0), "flac", "flac")


def plain_crc16(data: bytes) -> int:
    """Compute the checksum bit by bit, as in the standard."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x8005) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


@given(st.binary(max_size=1500), st.integers(0, 1500))
def test_checksum_in_pieces_is_the_checksum_of_the_standard(data: bytes, cut: int) -> None:
    """The fast checksum equals the slow one, wherever the bytes are cut."""
    assert crc16(data[cut:], crc16(data[:cut])) == plain_crc16(data)


@given(st.binary(max_size=600), st.binary(max_size=600), st.integers(0, 100_000))
def test_a_range_is_checked_by_its_two_ends(before: bytes, inside: bytes, origin: int) -> None:
    """The running checksum, corrected for its position, is equal at both ends of a range exactly where the range has the checksum 0."""
    for data in (inside, inside + crc16(inside).to_bytes(2, "big")):
        first = crc16(before)
        start, end = origin + len(before), origin + len(before) + len(data)
        assert (_position_free(first, start) == _position_free(crc16(data, first), end)) == (crc16(data) == 0)


def whole_frames(splitter: FrameSplitter, chunk: bytes) -> list[bytes]:
    """Push a chunk, and add the tail where it is a frame."""
    frames = splitter.push(chunk)
    tail = splitter.tail()
    if tail:
        splitter.drop_tail()
        frames.append(tail)
    return frames


def test_frames_are_whole_and_complete() -> None:
    """The splitter returns all frames of the stream, each with a correct checksum, and nothing else."""
    splitter = FrameSplitter()
    frames = whole_frames(splitter, STREAM)
    assert splitter.streaminfo
    assert len(frames) == ceil(2 * 16_000 / int.from_bytes(splitter.streaminfo[:2], "big"))
    assert all(crc16(frame) == 0 for frame in frames)
    assert STREAM.endswith(b"".join(frames))
    assert splitter.skipped == 0


def test_the_metadata_is_kept_for_the_decoder() -> None:
    """The STREAMINFO block has 34 bytes and contains the rate."""
    splitter = FrameSplitter()
    splitter.push(STREAM[:200])
    assert splitter.streaminfo
    assert int.from_bytes(splitter.streaminfo[10:13], "big") >> 4 == 16_000


def test_a_frame_ends_with_its_last_byte() -> None:
    """A frame is returned without the start of the next one."""
    first = whole_frames(FrameSplitter(), STREAM)[0]
    end = STREAM.index(first) + len(first)
    splitter = FrameSplitter()
    assert whole_frames(splitter, STREAM[: end - 1]) == []
    assert whole_frames(splitter, STREAM[end - 1 : end]) == [first]


def test_a_stream_joined_in_the_middle() -> None:
    """Bytes before the first header are dropped, the frames after it are found."""
    frames = whole_frames(FrameSplitter(), STREAM)
    splitter = FrameSplitter()
    late = STREAM[STREAM.index(frames[1]) - 100 :]
    assert whole_frames(splitter, late) == frames[1:]
    assert splitter.skipped == 100


def test_a_broken_frame_costs_no_other() -> None:
    """After bytes lost inside a frame, the frames after the next header are found."""
    frames = whole_frames(FrameSplitter(), STREAM)
    broken = STREAM.replace(frames[2][1000:1600], b"")
    found = whole_frames(FrameSplitter(), broken)
    assert set(frames) - set(found) <= {frames[2], frames[3]}


@pytest.mark.parametrize("filler", [b"\x00", b"\xff\xf8", b"\xff"])
def test_memory_is_bounded(filler: bytes) -> None:
    """After a valid header, the splitter keeps less than one longest frame, whatever the bytes."""
    splitter = FrameSplitter()
    splitter.push(STREAM[:4000])
    for _ in range(100):
        splitter.push(filler * 2000)
    assert len(splitter._buffer) < 20_000
    assert splitter.skipped > 0
