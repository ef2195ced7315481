"""Bytes on their way in."""

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
def troubles() -> list[AudioError]:
    """What the intake complained of."""
    return []


@pytest.fixture
def intake(troubles: list[AudioError]) -> DecodeQueue:
    """An intake for LINEAR16 at 16 kHz."""
    return DecodeQueue(open_decoder("LINEAR16", 16_000), troubles.append)


def test_seconds_that_wait(intake: DecodeQueue) -> None:
    """One second of LINEAR16 at 16 kHz is 32,000 bytes."""
    intake.feed(bytes(32_000))
    assert intake.seconds == pytest.approx(1.0)
    assert len(intake.take(10.0)) == 16_000
    assert intake.seconds == 0
    assert not intake


def test_decoding_does_not_change_how_much_was_fed(intake: DecodeQueue) -> None:
    """Another thread decodes meanwhile: a sum that misses the chunk that it just decoded would look like a pause of the microphone."""
    chunks, seen = 20_000, set()
    for _ in range(chunks):
        intake.feed(bytes(32))

    def decode() -> None:
        while intake.seconds:
            intake.take(1.0)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        decoding = threading.Thread(target=decode)
        decoding.start()
        while decoding.is_alive():
            seen.add(round(intake.fed, 6))
        decoding.join()
    finally:
        sys.setswitchinterval(interval)
    assert seen == {chunks / 1_000}


def test_takes_a_bounded_portion(intake: DecodeQueue) -> None:
    """Chunks are decoded until enough is there; the rest stays."""
    for _ in range(10):
        intake.feed(bytes(3_200))
    assert len(intake.take(0.25)) == 3 * 1_600
    assert intake.seconds == pytest.approx(0.7)


def test_the_rate_of_a_codec_is_learned() -> None:
    """After some bytes the estimate is that of the codec, here two bytes in place of sixteen thousand samples a second."""
    intake = DecodeQueue(open_decoder("MULAW", 8_000), lambda error: None)
    intake.feed(bytes(8_000))
    intake.take(10.0)
    intake.feed(bytes(8_000))
    assert intake.seconds == pytest.approx(1.0, abs=0.1)


def test_a_bad_chunk_is_told_and_the_next_is_taken(intake: DecodeQueue, troubles: list[AudioError]) -> None:
    """One complaint, and the sound around the bad chunk."""
    for chunk in (bytes(2), b"odd", bytes(4)):
        intake.feed(chunk)
    assert len(intake.take(1.0)) == 3
    assert [str(error)[:6] for error in troubles] == ["audio:"]


def test_switching_takes_effect_in_order(intake: DecodeQueue) -> None:
    """Chunks fed before the switch are decoded the old way, those after it the new way."""
    intake.feed(bytes(200))
    intake.switch(open_decoder("MULAW", 8_000))
    intake.feed(b"\xff" * 8_000)
    intake.close()
    assert len(intake.take(10.0)) == pytest.approx(100 + 16_000, abs=3)


def test_closed_means_closed(intake: DecodeQueue) -> None:
    """Nothing is taken in after close; it has ended when all was taken out."""
    intake.feed(bytes(64))
    assert intake.close()
    assert not intake.close()
    assert not intake.feed(bytes(64))
    assert not intake.switch(open_decoder("MULAW", 8_000))
    assert not intake.ended
    assert np.array_equal(intake.take(1.0), np.zeros(32))
    assert intake.ended


def test_clear_drops_everything(intake: DecodeQueue) -> None:
    """Nothing waits, nothing comes."""
    intake.feed(bytes(64))
    intake.clear()
    assert len(intake.take(1.0)) == 0
    assert intake.seconds == 0
    assert not intake.feed(bytes(2))


class Dear(Decoder):
    """A decoder whose chunks cost CPU time: the first byte of each is how many milliseconds, the second how many blocks of 0.1 s."""

    def blocks(self, chunk: bytes) -> Iterator[Samples]:
        until = time.thread_time() + chunk[0] / 1000
        while time.thread_time() < until:
            pass
        for _ in range(chunk[1]):
            yield np.zeros(1_600, dtype=np.float32)

    def flush(self) -> Samples:
        return EMPTY


def test_encoded_audio_is_not_decoded_by_who_takes_it(troubles: list[AudioError]) -> None:
    """It waits for the executor's thread, and is taken as samples after that; the end comes behind the last of them."""
    intake = DecodeQueue(Dear(), troubles.append)
    intake.feed(b"\x00\x0a")
    assert not intake.in_place
    assert len(intake.take(1.0)) == 0
    assert intake.wants_executor
    assert intake.decode_portion() == 0
    assert intake.can_take
    assert len(intake.take(10.0)) == 3 * 1_600, "a portion is a quarter of a second"
    while intake.decode_portion() is not None:
        pass
    assert intake.close()
    assert len(intake.take(10.0)) == 7 * 1_600
    assert not intake.ended
    assert intake.decode_portion() is None
    assert intake.can_take
    assert len(intake.take(1.0)) == 0
    assert intake.ended
    assert not intake


def test_decoding_stops_ahead_of_who_takes(troubles: list[AudioError]) -> None:
    """A few bytes that hold minutes are unpacked as they are wanted: about a second waits."""
    intake = DecodeQueue(Dear(), troubles.append)
    for _ in range(20):
        intake.feed(b"\x00\xff")
    while intake.decode_portion() is not None:
        pass
    assert not intake.wants_executor
    assert 1.0 <= len(intake.take(1_000.0)) / 16_000 < 1.4
    assert intake.wants_executor


def test_bytes_of_which_nothing_comes_count(troubles: list[AudioError]) -> None:
    """Whoever sends no audio is made to wait all the same."""
    intake = DecodeQueue(open_decoder("FLAC", 16_000), troubles.append)
    while not intake._budget.wait_s:  # refused chunks count, so that the error messages do not come faster either
        intake.feed(bytes(8_192))
        intake.decode_portion()
    assert intake.decode_portion()
    for _ in range(64):
        intake.feed(bytes(8_192))
    assert intake.seconds > 2.5
    while not intake.full:
        intake.feed(bytes(8_192))
    assert intake.seconds > 5


def test_many_small_chunks_are_full_too(intake: DecodeQueue) -> None:
    """What a chunk costs beside its content counts; empty ones cost nothing."""
    for _ in range(9_000):
        intake.feed(b"ab")
        intake.feed(b"")
    assert intake.full
    assert len(intake._items) == 9_000


def test_a_portion_is_bounded_however_small_the_chunks(intake: DecodeQueue) -> None:
    """One who sends a sample at a time takes no more of a tick than anybody else."""
    for _ in range(3_000):
        intake.feed(b"ab")
    assert len(intake.take(0.25)) <= 256
    assert intake.can_take


def test_over_its_cpu_budget_a_session_waits(troubles: list[AudioError]) -> None:
    """It is slowed down, and nothing is lost."""
    intake = DecodeQueue(Dear(), troubles.append)
    fed = 0
    while not intake._budget.wait_s:
        intake.feed(b"\x32\x02")
        fed += 1
        intake.decode_portion()
        intake.take(10.0)
    wait_s = intake.decode_portion()
    assert wait_s is not None
    assert 0 < wait_s <= 1.0
    assert fed * 0.05 >= BURST_CPU_S
    intake.feed(b"\x00\x05")
    assert intake.wants_executor
    intake._budget._level = BURST_CPU_S  # time has passed
    while intake.decode_portion() is not None:
        pass
    assert len(intake.take(10.0)) >= 5 * 1_600
    assert not troubles


def test_errors_in_place_are_slowed_down_too(intake: DecodeQueue, troubles: list[AudioError]) -> None:
    """A client that sends nothing but odd chunks gets some tens of errors at once, then about five a second."""
    for _ in range(2_000):
        intake.feed(b"odd")
    while intake.can_take:
        intake.take(1.0)
    assert 20 <= len(troubles) < 400
    assert intake.wants_executor
    assert (intake.decode_portion() or 0) > 0


def test_audio_that_costs_more_than_any_is_refused(troubles: list[AudioError]) -> None:
    """After a grace the session gets one error, and nothing more of it is decoded; what was decoded is heard, and the end comes."""
    intake = DecodeQueue(Dear(), troubles.append)
    intake.feed(b"\x00\x02")
    spent = 0.0
    while not troubles and spent < 5:
        intake.feed(b"\xc8\x00")
        intake.feed(b"\xc8\x00")
        intake._budget._level = BURST_CPU_S
        intake.decode_portion()
        spent += 0.2
    assert [type(error) for error in troubles] == [DecodeCostError]
    assert spent >= GRACE_CPU_S
    assert intake.feed(b"\xc8\x00")
    assert intake.close()
    intake._budget._level = BURST_CPU_S
    assert intake.decode_portion() is None
    assert len(intake.take(10.0)) == 2 * 1_600
    assert intake.ended
    assert not intake.full
    assert len(troubles) == 1


def test_dear_audio_that_is_audio_is_not_refused(troubles: list[AudioError]) -> None:
    """Fifty milliseconds of CPU time for a second of audio are much, and within the price."""
    intake = DecodeQueue(Dear(), troubles.append)
    for _ in range(24):
        intake.feed(b"\x32\x0a")
        intake._budget._level = BURST_CPU_S
        while intake.decode_portion() is not None:
            pass
        intake.take(10.0)
    assert not troubles


def test_switching_between_the_kinds_of_decoders(troubles: list[AudioError]) -> None:
    """Chunks are decoded in order, by the thread of their decoder's kind."""
    intake = DecodeQueue(open_decoder("LINEAR16", 16_000), troubles.append)
    intake.feed(b"\x01\x00" * 100)
    intake.switch(Dear())
    intake.feed(b"\x00\x01")
    intake.switch(open_decoder("LINEAR16", 16_000))
    intake.feed(b"\x01\x00" * 50)
    intake.close()
    assert len(intake.take(10.0)) == 100
    assert intake.wants_executor
    assert not intake.can_take
    assert intake.decode_portion() is None
    assert len(intake.take(10.0)) == 1_600 + 50
    assert intake.ended
