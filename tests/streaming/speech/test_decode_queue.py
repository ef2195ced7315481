"""The queue of encoded bytes."""

import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from streaming.audio.codecs import AudioError, Decoder, open_decoder
from streaming.audio.pcm import Samples
from streaming.audio.resample import EMPTY
from streaming.speech.decode_queue import BURST_CPU_S, GRACE_CPU_S, DecodeCostError, DecodeQueue


@pytest.fixture
def errors() -> list[AudioError]:
    """The errors that the queue reported."""
    return []


@pytest.fixture
def decode_queue(errors: list[AudioError]) -> DecodeQueue:
    """A queue for LINEAR16 at 16 kHz."""
    return DecodeQueue(open_decoder("LINEAR16", 16_000), errors.append)


def test_queued_seconds(decode_queue: DecodeQueue) -> None:
    """One second of LINEAR16 at 16 kHz is 32,000 bytes."""
    decode_queue.feed(bytes(32_000))
    assert decode_queue.seconds == pytest.approx(1.0)
    assert len(decode_queue.take(10.0)) == 16_000
    assert decode_queue.seconds == 0
    assert not decode_queue


def test_decoding_does_not_change_how_much_was_fed(decode_queue: DecodeQueue) -> None:
    """The sum of fed bytes includes the chunk that another thread decodes; without it the sum would look like a pause of the microphone."""
    chunks, seen = 20_000, set()
    for _ in range(chunks):
        decode_queue.feed(bytes(32))

    def decode() -> None:
        while decode_queue.seconds:
            decode_queue.take(1.0)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        decoding = threading.Thread(target=decode)
        decoding.start()
        while decoding.is_alive():
            seen.add(round(decode_queue.fed, 6))
        decoding.join()
    finally:
        sys.setswitchinterval(interval)
    assert seen == {chunks / 1_000}


def test_takes_a_bounded_portion(decode_queue: DecodeQueue) -> None:
    """Chunks are decoded until the portion is full; the rest stays."""
    for _ in range(10):
        decode_queue.feed(bytes(3_200))
    assert len(decode_queue.take(0.25)) == 3 * 1_600
    assert decode_queue.seconds == pytest.approx(0.7)


def test_the_rate_of_a_codec_is_learned() -> None:
    """After some bytes the estimate is that of the codec, here two bytes for sixteen thousand samples a second."""
    decode_queue = DecodeQueue(open_decoder("MULAW", 8_000), lambda error: None)
    decode_queue.feed(bytes(8_000))
    decode_queue.take(10.0)
    decode_queue.feed(bytes(8_000))
    assert decode_queue.seconds == pytest.approx(1.0, abs=0.1)


def test_a_bad_chunk_is_reported_and_the_next_is_decoded(decode_queue: DecodeQueue, errors: list[AudioError]) -> None:
    """The queue reports one error, and returns the audio around the bad chunk."""
    for chunk in (bytes(2), b"odd", bytes(4)):
        decode_queue.feed(chunk)
    assert len(decode_queue.take(1.0)) == 3
    assert [str(error)[:6] for error in errors] == ["audio:"]


def test_switching_takes_effect_in_order(decode_queue: DecodeQueue) -> None:
    """Chunks fed before the switch use the old decoder, those after it the new one."""
    decode_queue.feed(bytes(200))
    decode_queue.switch(open_decoder("MULAW", 8_000))
    decode_queue.feed(b"\xff" * 8_000)
    decode_queue.close()
    assert len(decode_queue.take(10.0)) == pytest.approx(100 + 16_000, abs=3)


def test_a_closed_queue_accepts_nothing(decode_queue: DecodeQueue) -> None:
    """The queue accepts nothing after close; it has ended when it is empty."""
    decode_queue.feed(bytes(64))
    assert decode_queue.close()
    assert not decode_queue.close()
    assert not decode_queue.feed(bytes(64))
    assert not decode_queue.switch(open_decoder("MULAW", 8_000))
    assert not decode_queue.ended
    assert np.array_equal(decode_queue.take(1.0), np.zeros(32))
    assert decode_queue.ended


def test_clear_drops_everything(decode_queue: DecodeQueue) -> None:
    """After clear the queue is empty."""
    decode_queue.feed(bytes(64))
    decode_queue.clear()
    assert len(decode_queue.take(1.0)) == 0
    assert decode_queue.seconds == 0
    assert not decode_queue.feed(bytes(2))


class Expensive(Decoder):
    """A decoder whose chunks cost CPU time: the first byte of each is the cost in ms, the second the number of blocks of 0.1 s."""

    def blocks(self, chunk: bytes) -> Iterator[Samples]:
        until = time.thread_time() + chunk[0] / 1000
        while time.thread_time() < until:
            pass
        for _ in range(chunk[1]):
            yield np.zeros(1_600, dtype=np.float32)

    def flush(self) -> Samples:
        return EMPTY


def test_encoded_audio_is_decoded_by_the_executor(errors: list[AudioError]) -> None:
    """It waits for the executor's thread, and is taken as samples after that; the end follows the last of them."""
    decode_queue = DecodeQueue(Expensive(), errors.append)
    decode_queue.feed(b"\x00\x0a")
    assert not decode_queue.in_place
    assert len(decode_queue.take(1.0)) == 0
    assert decode_queue.wants_executor
    assert decode_queue.decode_portion() == 0
    assert decode_queue.can_take
    assert len(decode_queue.take(10.0)) == 3 * 1_600, "a portion is a quarter of a second"
    while decode_queue.decode_portion() is not None:
        pass
    assert decode_queue.close()
    assert len(decode_queue.take(10.0)) == 7 * 1_600
    assert not decode_queue.ended
    assert decode_queue.decode_portion() is None
    assert decode_queue.can_take
    assert len(decode_queue.take(1.0)) == 0
    assert decode_queue.ended
    assert not decode_queue


def test_decoding_ahead_is_bounded(errors: list[AudioError]) -> None:
    """Bytes that contain minutes are decoded on demand: about a second is decoded ahead."""
    decode_queue = DecodeQueue(Expensive(), errors.append)
    for _ in range(20):
        decode_queue.feed(b"\x00\xff")
    while decode_queue.decode_portion() is not None:
        pass
    assert not decode_queue.wants_executor
    assert 1.0 <= len(decode_queue.take(1_000.0)) / 16_000 < 1.4
    assert decode_queue.wants_executor


def test_bytes_without_audio_count(errors: list[AudioError]) -> None:
    """A client that sends no audio has to wait all the same."""
    decode_queue = DecodeQueue(open_decoder("FLAC", 16_000), errors.append)
    while not decode_queue._budget.wait_s:  # refused chunks count, so that the rate of error messages is limited too
        decode_queue.feed(bytes(8_192))
        decode_queue.decode_portion()
    assert decode_queue.decode_portion()
    for _ in range(64):
        decode_queue.feed(bytes(8_192))
    assert decode_queue.seconds > 2.5
    while not decode_queue.full:
        decode_queue.feed(bytes(8_192))
    assert decode_queue.seconds > 5


def test_many_small_chunks_fill_the_queue(decode_queue: DecodeQueue) -> None:
    """The overhead of a chunk counts; empty chunks cost nothing."""
    for _ in range(9_000):
        decode_queue.feed(b"ab")
        decode_queue.feed(b"")
    assert decode_queue.full
    assert len(decode_queue._items) == 9_000


def test_a_portion_is_bounded_however_small_the_chunks(decode_queue: DecodeQueue) -> None:
    """A client that sends single samples uses no more of a tick than others."""
    for _ in range(3_000):
        decode_queue.feed(b"ab")
    assert len(decode_queue.take(0.25)) <= 256
    assert decode_queue.can_take


def test_a_session_over_its_cpu_budget_waits(errors: list[AudioError]) -> None:
    """The session is slowed down, and no audio is lost."""
    decode_queue = DecodeQueue(Expensive(), errors.append)
    fed = 0
    while not decode_queue._budget.wait_s:
        decode_queue.feed(b"\x32\x02")
        fed += 1
        decode_queue.decode_portion()
        decode_queue.take(10.0)
    wait_s = decode_queue.decode_portion()
    assert wait_s is not None
    assert 0 < wait_s <= 1.0
    assert fed * 0.05 >= BURST_CPU_S
    decode_queue.feed(b"\x00\x05")
    assert decode_queue.wants_executor
    decode_queue._budget._level = BURST_CPU_S  # time has passed
    while decode_queue.decode_portion() is not None:
        pass
    assert len(decode_queue.take(10.0)) >= 5 * 1_600
    assert not errors


def test_errors_are_rate_limited(decode_queue: DecodeQueue, errors: list[AudioError]) -> None:
    """A client that sends only odd chunks gets some tens of errors at once, then about five a second."""
    for _ in range(2_000):
        decode_queue.feed(b"odd")
    while decode_queue.can_take:
        decode_queue.take(1.0)
    assert 20 <= len(errors) < 400
    assert decode_queue.wants_executor
    assert (decode_queue.decode_portion() or 0) > 0


def test_audio_beyond_the_cpu_limit_is_refused(errors: list[AudioError]) -> None:
    """After a grace period the session gets one error and is decoded no more; the decoded audio is used, and the end comes."""
    decode_queue = DecodeQueue(Expensive(), errors.append)
    decode_queue.feed(b"\x00\x02")
    spent = 0.0
    while not errors and spent < 5:
        decode_queue.feed(b"\xc8\x00")
        decode_queue.feed(b"\xc8\x00")
        decode_queue._budget._level = BURST_CPU_S
        decode_queue.decode_portion()
        spent += 0.2
    assert [type(error) for error in errors] == [DecodeCostError]
    assert spent >= GRACE_CPU_S
    assert decode_queue.feed(b"\xc8\x00")
    assert decode_queue.close()
    decode_queue._budget._level = BURST_CPU_S
    assert decode_queue.decode_portion() is None
    assert len(decode_queue.take(10.0)) == 2 * 1_600
    assert decode_queue.ended
    assert not decode_queue.full
    assert len(errors) == 1


def test_expensive_valid_audio_is_accepted(errors: list[AudioError]) -> None:
    """Fifty milliseconds of CPU time for a second of audio are within the limit."""
    decode_queue = DecodeQueue(Expensive(), errors.append)
    for _ in range(24):
        decode_queue.feed(b"\x32\x0a")
        decode_queue._budget._level = BURST_CPU_S
        while decode_queue.decode_portion() is not None:
            pass
        decode_queue.take(10.0)
    assert not errors


def test_switching_between_the_kinds_of_decoders(errors: list[AudioError]) -> None:
    """Chunks are decoded in order, by the thread of their decoder's kind."""
    decode_queue = DecodeQueue(open_decoder("LINEAR16", 16_000), errors.append)
    decode_queue.feed(b"\x01\x00" * 100)
    decode_queue.switch(Expensive())
    decode_queue.feed(b"\x00\x01")
    decode_queue.switch(open_decoder("LINEAR16", 16_000))
    decode_queue.feed(b"\x01\x00" * 50)
    decode_queue.close()
    assert len(decode_queue.take(10.0)) == 100
    assert decode_queue.wants_executor
    assert not decode_queue.can_take
    assert decode_queue.decode_portion() is None
    assert len(decode_queue.take(10.0)) == 1_600 + 50
    assert decode_queue.ended
