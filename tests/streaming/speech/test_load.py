"""Many speakers and fast senders: shares, limits, and what is dropped under load."""

import threading
import time
from collections.abc import Iterator

import pytest

from streaming.audio.codecs import Decoder
from streaming.audio.pcm import Samples
from streaming.audio.resample import EMPTY
from streaming.speech.engines.base import LOW_BACKLOG_S, RecognitionOptions
from tests.streaming.speech.fakes import (
    BECKETT,
    RATE,
    SENTENCES,
    FakeRecogniser,
    FakeTranscriber,
    Notes,
    chunks,
    linear16,
    listen,
    live,
    recording,
)


def test_a_muted_microphone_needs_no_model_call(recogniser: FakeRecogniser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exact zeros are silence without a model call; the words after them are recognised, with the right times."""
    asked = 0
    of_blocks = recogniser._vad._model.of_blocks

    def counted(slots: list[int], blocks: list[Samples]) -> list[list[float]]:
        nonlocal asked
        asked += sum(len(block) for block in blocks)
        return of_blocks(slots, blocks)

    monkeypatch.setattr(recogniser._vad._model, "of_blocks", counted)
    recognition, notes = listen(recogniser)
    live(recognition, bytes(2 * RATE * 5))
    assert asked == 0
    live(recognition, BECKETT)
    recognition.stop()
    assert notes.done.wait(60)
    assert len(notes.finals) == SENTENCES
    assert notes.finals[0].start == pytest.approx(5.3, abs=0.2)


def test_thirty_speakers_at_once(recogniser: FakeRecogniser) -> None:
    """Thirty speakers each get their six sentences, in order, and end."""
    speakers = [listen(recogniser) for _ in range(30)]
    for chunk in chunks(BECKETT):
        for recognition, _ in speakers:
            recognition.feed(chunk)
    for recognition, _ in speakers:
        recognition.stop()
    assert all(notes.done.wait(60) for _, notes in speakers)
    assert {tuple(h.turn for h in notes.finals) for _, notes in speakers} == {tuple(range(1, SENTENCES + 1))}


def test_slots_are_released(recogniser: FakeRecogniser) -> None:
    """After all have ended, no slot is taken and no member is left."""
    gone = threading.Event()
    for _ in range(3):
        speakers = [listen(recogniser) for _ in range(8)]
        for recognition, _ in speakers:
            recognition.feed(BECKETT[:32_000])
            recognition.stop()
        assert all(notes.done.wait(60) for _, notes in speakers)
        while recogniser._vad._all or recogniser._vad._woken:
            gone.wait(0.005)
    assert not recogniser._vad._speaking
    assert len(recogniser._vad._model._free) == len(recogniser._vad._model._context) == 8


class Held(Decoder):
    """A decoder that blocks the VAD thread until the test releases it."""

    in_place = True

    def __init__(self) -> None:
        self.entered, self.gate = threading.Event(), threading.Event()

    def blocks(self, chunk: bytes) -> Iterator[Samples]:
        self.entered.set()
        self.gate.wait(60)
        yield EMPTY

    def flush(self) -> Samples:
        return EMPTY


def test_a_flood_does_not_delay_others(recogniser: FakeRecogniser) -> None:
    """Three minutes of audio are processed beside ten later seconds; the ten seconds end long before the three minutes."""
    held, (flood, flooded) = Held(), listen(recogniser)

    class Beside(Notes):
        left: list[tuple[bool, int]] = []

        def speech_started(self, at: float) -> None:
            super().speech_started(at)
            self.left.append((flood.backlog > 100 > LOW_BACKLOG_S, flooded.drains))

    recogniser.open(RecognitionOptions(), held, Notes()).feed(b"nothing")
    assert held.entered.wait(30)
    for chunk in chunks(BECKETT * 18, 8_000):
        flood.feed(chunk)
    recognition, notes = listen(recogniser, beside := Beside())
    for chunk in chunks(BECKETT):
        recognition.feed(chunk)
    recognition.stop()
    held.gate.set()
    assert notes.done.wait(60)
    assert len(notes.finals) == SENTENCES
    assert beside.left == [(True, 0)] * SENTENCES
    flood.stop()
    assert flooded.done.wait(60)
    assert flooded.drains
    assert [h.turn for h in flooded.finals] == list(range(1, len(flooded.finals) + 1))


def test_audio_stays_encoded_while_finals_are_pending(recogniser: FakeRecogniser, transcriber: FakeTranscriber) -> None:
    """While the workers are blocked, at most half a minute of audio is decoded, however much is sent."""
    transcriber.gate.clear()
    recognition, notes = listen(recogniser)
    for chunk in chunks(BECKETT * 12, 8_000):
        recognition.feed(chunk)
    assert transcriber.entered.acquire(timeout=30)
    quiet = threading.Event()
    before = -1.0
    while recognition._queue.seconds != before:
        before = recognition._queue.seconds
        quiet.wait(0.3)
    assert recognition._pending_s < 45
    assert recognition._queue.seconds > 60
    assert recognition.backlog == pytest.approx(recognition._queue.seconds + recognition._pending_s, abs=1)
    transcriber.gate.set()
    recognition.stop()
    assert notes.done.wait(60)


def test_finals_first_under_load(recogniser: FakeRecogniser, transcriber: FakeTranscriber) -> None:
    """While the workers are blocked, no interims accumulate."""
    transcriber.gate.clear()
    speakers = [listen(recogniser) for _ in range(10)]
    for chunk in chunks(BECKETT[: 2 * RATE * 4]):
        for recognition, _ in speakers:
            recognition.feed(chunk)
    assert transcriber.entered.acquire(timeout=30)
    segmented = time.monotonic() + 60
    while any(recognition._queue.seconds > 0.1 for recognition, _ in speakers):
        assert time.monotonic() < segmented
        time.sleep(0.05)
    for recognition, _ in speakers:
        recognition.stop()
    transcriber.gate.set()
    assert all(notes.done.wait(60) for _, notes in speakers)
    assert all(notes.finals for _, notes in speakers)
    assert sum(kind == "interim" for kind, _, _ in transcriber.calls) <= 10


def test_a_cancelled_interim_does_not_stop_later_ones(recogniser: FakeRecogniser, transcriber: FakeTranscriber) -> None:
    """A speculative decode replaces a queued interim; later interims follow."""
    transcriber.gate.clear()
    blockers = [listen(recogniser, interims=False) for _ in range(2)]
    for blocker, _ in blockers:
        live(blocker, BECKETT[: 2 * RATE * 2])
    assert transcriber.entered.acquire(timeout=30)
    assert transcriber.entered.acquire(timeout=30)
    recognition, _ = listen(recogniser)
    speech = linear16(recording("two_cities.wav"))[2 * RATE :]
    live(recognition, speech[: int(2 * RATE * 4.2)])  # an interim waits behind the blockers, then a pause
    assert recognition._speculative is not None
    assert recognition._interim is None or recognition._interim.is_done
    transcriber.gate.set()
