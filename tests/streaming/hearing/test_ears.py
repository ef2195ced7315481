"""All ears: recorded voices through real pause detection; what is decoded is counted, not recognised, unless a test says so."""

import logging
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from streaming.audio.codecs import open_decoder
from streaming.audio.pcm import Samples
from streaming.hearing import recognition as recognition_module
from streaming.hearing import thread as thread_module
from streaming.hearing.ears import Ears
from streaming.hearing.recognisers.base import LOW_WATER_S, RecognitionOptions
from streaming.hearing.recognition import TurnRecognition
from tests.streaming.hearing.fakes import FakeTranscriber, Notes, chunks, linear16, recording

BECKETT = linear16(recording("beckett.wav"))  # ten seconds, six short sentences
SENTENCES = 6
RATE = 16_000


@pytest.fixture
def transcriber() -> FakeTranscriber:
    """Says how much it was given."""
    return FakeTranscriber()


@pytest.fixture
def ears(transcriber: FakeTranscriber, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ears]:
    """Ears that do not wait between ticks, so that recordings pass as fast as they can be heard."""
    monkeypatch.setattr(thread_module, "TICK_S", 0.0)
    ears = Ears(transcriber, threads=2)
    ears.start()
    yield ears
    transcriber.gate.set()
    ears.close()


def listen(ears: Ears, notes: Notes | None = None, **options: object) -> tuple[TurnRecognition, Notes]:
    """Open a recognition of LINEAR16 at 16 kHz."""
    notes = notes or Notes()
    return ears.open(RecognitionOptions(**options), open_decoder("LINEAR16", RATE), notes), notes  # type: ignore[arg-type]


def live(recognition: TurnRecognition, data: bytes) -> None:
    """Feed chunk by chunk, each when the one before was heard, as at real time."""
    for chunk in chunks(data):
        recognition.feed(chunk)
        settled = threading.Event()
        while recognition._intake or recognition._unheard >= 0.032:
            settled.wait(0.0005)


def test_each_sentence_is_a_turn(ears: Ears) -> None:
    """Six sentences are six starts and six finals, in order, inside the recording, and one end."""
    recognition, notes = listen(ears)
    live(recognition, BECKETT)
    recognition.stop()
    assert notes.done.wait(10)
    assert [h.turn for h in notes.finals] == list(range(1, SENTENCES + 1))
    assert len(notes.starts) == SENTENCES
    assert all(a.end <= b.start for a, b in zip(notes.finals, notes.finals[1:], strict=False))
    assert notes.finals[-1].end <= len(BECKETT) / 2 / RATE
    assert notes.ends == 1


def test_a_start_is_told_before_the_words(ears: Ears) -> None:
    """Speech is noticed within about 100 ms of the voice, and the first word is not before it by more than that."""
    recognition, notes = listen(ears)
    live(recognition, BECKETT)
    recognition.stop()
    assert notes.done.wait(10)
    for start, final in zip(notes.starts, notes.finals, strict=True):
        assert abs(start - final.start) < 0.1


def test_the_first_syllable_is_in_the_turn(ears: Ears, transcriber: FakeTranscriber) -> None:
    """What is decoded begins 0.3 s before the voice and ends 0.19 s behind it."""
    recognition, notes = listen(ears, interims=False)
    live(recognition, BECKETT)
    recognition.stop()
    assert notes.done.wait(10)
    lengths = [samples / RATE for kind, samples, _ in transcriber.calls if kind == "final"]
    voiced = [h.end - h.start for h in notes.finals]
    assert len(lengths) >= SENTENCES
    assert all(any(abs(length - voice - 0.51) < 0.04 for length in lengths) for voice in voiced[1:])


def test_a_turn_is_not_decoded_twice(ears: Ears, transcriber: FakeTranscriber) -> None:
    """What was decoded ahead in the pause becomes the final."""
    recognition, notes = listen(ears, interims=False)
    live(recognition, BECKETT)
    recognition.stop()
    assert notes.done.wait(10)
    assert len(transcriber.calls) <= SENTENCES + 1


def test_interims_come_before_their_final_and_draft_it(ears: Ears, transcriber: FakeTranscriber) -> None:
    """Each final is decoded with the tokens of the newest interim of its turn."""
    recognition, notes = listen(ears)
    live(recognition, linear16(recording("two_cities.wav"))[: 2 * RATE * 10])
    recognition.stop()
    assert notes.done.wait(10)
    turns = [h.turn for h in notes.heard]
    assert turns == sorted(turns)
    assert sum(not h.is_final for h in notes.heard) >= 2
    assert any(draft for kind, _, draft in transcriber.calls if kind == "final")


def test_no_interims_where_nobody_wants_them(ears: Ears, transcriber: FakeTranscriber) -> None:
    """They are neither told nor decoded."""
    recognition, notes = listen(ears, interims=False)
    live(recognition, BECKETT)
    recognition.stop()
    assert notes.done.wait(10)
    assert len(notes.finals) == len(notes.heard) == SENTENCES
    assert "interim" not in {kind for kind, _, _ in transcriber.calls}


def test_stop_in_mid_sentence_keeps_the_last_words(ears: Ears) -> None:
    """Speech without a pause behind it is decoded up to its last sample."""
    recognition, notes = listen(ears)
    for chunk in chunks(BECKETT[: int(2 * RATE * 1.0)]):
        recognition.feed(chunk)
    recognition.stop()
    recognition.stop()
    recognition.feed(BECKETT)
    assert notes.done.wait(10)
    assert len(notes.finals) == 1
    assert notes.finals[0].end == pytest.approx(1.0, abs=0.05)
    assert recognition.backlog == 0


def test_stop_before_anything_was_fed(ears: Ears) -> None:
    """It ends at once, with nothing."""
    recognition, notes = listen(ears)
    recognition.stop()
    assert notes.done.wait(10)
    assert (notes.heard, notes.starts, notes.ends) == ([], [], 1)


def test_a_speaker_who_sends_nothing_more(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    """An open turn ends though no silence is sent, such as when a client mutes itself."""
    monkeypatch.setattr(recognition_module, "_STALL_S", 0.1)
    recognition, notes = listen(ears)
    live(recognition, BECKETT[: int(2 * RATE * 1.0)])
    assert notes.wait(lambda: len(notes.finals) == 1)
    assert notes.ends == 0


def test_a_turn_is_not_over_while_its_sound_waits(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sound that was sent at once takes its time to be heard; that is no reason to cut turns."""
    monkeypatch.setattr(recognition_module, "_STALL_S", -1.0)
    recognition, notes = listen(ears, end_of_turn_ms=1500)
    recognition.feed(BECKETT)
    recognition.stop()
    assert notes.done.wait(10)
    assert len(notes.finals) == 1


def test_abandoned_in_mid_decode(ears: Ears, transcriber: FakeTranscriber) -> None:
    """When abandon has returned nothing is told any more, though a worker is still busy with it."""
    transcriber.gate.clear()
    recognition, notes = listen(ears, interims=False)
    for chunk in chunks(BECKETT):
        recognition.feed(chunk)
    assert transcriber.entered.acquire(timeout=10)
    recognition.abandon()
    told = len(notes.starts)
    transcriber.gate.set()
    other, others = listen(ears)
    other.feed(BECKETT)
    other.stop()
    assert others.done.wait(10)
    assert (notes.heard, notes.ends, len(notes.starts)) == ([], 0, told)
    assert recognition.backlog == pytest.approx(0, abs=0.5)


def test_a_failing_decode_costs_one_turn(ears: Ears, transcriber: FakeTranscriber, caplog: pytest.LogCaptureFixture) -> None:
    """The other finals come in order, the end comes, and the log holds the type alone."""
    transcriber.fail_next = 1
    recognition, notes = listen(ears, interims=False)
    with caplog.at_level(logging.DEBUG):
        live(recognition, BECKETT)
        recognition.stop()
        assert notes.done.wait(10)
    assert [h.turn for h in notes.finals] == list(range(1, SENTENCES + 1))[-len(notes.finals) :]
    assert len(notes.finals) >= SENTENCES - 1
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def test_unsure_results_are_dropped(ears: Ears, transcriber: FakeTranscriber) -> None:
    """Below a half of mean token probability nothing is told: noise reads like that."""
    transcriber.confidence = 0.49
    recognition, notes = listen(ears)
    live(recognition, BECKETT)
    recognition.stop()
    assert notes.done.wait(10)
    assert notes.heard == []


def noise(seconds: float, level: float) -> Samples:
    """Return white noise."""
    return np.random.default_rng(5).normal(size=int(seconds * RATE)).astype(np.float32) * np.float32(level)


def hum(seconds: float, hertz: float) -> Samples:
    """Return a sine."""
    return (np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE) * 0.3).astype(np.float32)


def click(milliseconds: int) -> Samples:
    """Return silence with one loud click in it."""
    sound = np.zeros(3 * RATE, dtype=np.float32)
    sound[RATE : RATE + milliseconds * RATE // 1000] = 0.8
    return sound


@pytest.mark.parametrize(
    "sound",
    [np.zeros(5 * RATE, dtype=np.float32), noise(5, 0.01), noise(5, 0.2), hum(5, 440), hum(5, 50), click(10), click(2), noise(0.01, 0.5)],
    ids=["silence", "soft noise", "loud noise", "tone", "hum", "click of 10 ms", "click of 2 ms", "burst"],
)
def test_what_is_no_speech_is_no_turn(ears: Ears, transcriber: FakeTranscriber, sound: Samples) -> None:
    """Nothing is decoded, nothing is told."""
    recognition, notes = listen(ears)
    live(recognition, linear16(np.concatenate((sound, np.zeros(RATE, dtype=np.float32)))))
    recognition.stop()
    assert notes.done.wait(10)
    assert notes.heard == []


def test_a_muted_microphone_costs_no_model(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exact zeros are silence without asking; the words after them are heard, at their time."""
    asked = 0
    probabilities = ears._voice.probabilities

    def counted(slots: list[int], frames: list[Samples]) -> list[float]:
        nonlocal asked
        asked += len(frames)
        return probabilities(slots, frames)

    monkeypatch.setattr(ears._voice, "probabilities", counted)
    recognition, notes = listen(ears)
    live(recognition, bytes(2 * RATE * 5))
    assert asked == 0
    live(recognition, BECKETT)
    recognition.stop()
    assert notes.done.wait(10)
    assert len(notes.finals) == SENTENCES
    assert notes.finals[0].start == pytest.approx(5.3, abs=0.2)


def test_thirty_at_once(ears: Ears) -> None:
    """Thirty speakers each get their six sentences, in order, and end."""
    speakers = [listen(ears) for _ in range(30)]
    for chunk in chunks(BECKETT):
        for recognition, _ in speakers:
            recognition.feed(chunk)
    for recognition, _ in speakers:
        recognition.stop()
    assert all(notes.done.wait(30) for _, notes in speakers)
    assert {tuple(h.turn for h in notes.finals) for _, notes in speakers} == {tuple(range(1, SENTENCES + 1))}


def test_places_are_given_back(ears: Ears) -> None:
    """After all have ended, nobody holds a slot or is remembered."""
    gone = threading.Event()
    for _ in range(3):
        speakers = [listen(ears) for _ in range(8)]
        for recognition, _ in speakers:
            recognition.feed(BECKETT[:32_000])
            recognition.stop()
        assert all(notes.done.wait(10) for _, notes in speakers)
        while ears._all or ears._thread._woken:
            gone.wait(0.005)
    assert not ears._speaking
    assert len(ears._voice._free) == len(ears._voice._context) == 8


def test_one_who_sends_a_flood_does_not_keep_others_waiting(ears: Ears) -> None:
    """Three minutes sent at once are heard beside ten seconds at real time, which end long before."""
    flood, flooded = listen(ears)
    for chunk in chunks(BECKETT * 18, 8_000):
        flood.feed(chunk)
    assert flood.backlog > 100
    recognition, notes = listen(ears)
    live(recognition, BECKETT)
    recognition.stop()
    assert notes.done.wait(20)
    assert len(notes.finals) == SENTENCES
    assert flood.backlog > LOW_WATER_S
    assert flooded.drains == 0
    flood.stop()
    assert flooded.done.wait(30)
    assert flooded.drains == 1
    assert [h.turn for h in flooded.finals] == list(range(1, len(flooded.finals) + 1))


def test_bytes_stay_bytes_while_finals_are_owed(ears: Ears, transcriber: FakeTranscriber) -> None:
    """With the workers held up, no more than half a minute of sound is unpacked, however much is sent."""
    transcriber.gate.clear()
    recognition, notes = listen(ears)
    for chunk in chunks(BECKETT * 12, 8_000):
        recognition.feed(chunk)
    assert transcriber.entered.acquire(timeout=10)
    quiet = threading.Event()
    before = -1.0
    while recognition._intake.seconds != before:
        before = recognition._intake.seconds
        quiet.wait(0.3)
    assert recognition._owed_s < 45
    assert recognition._intake.seconds > 60
    assert recognition.backlog == pytest.approx(recognition._intake.seconds + recognition._owed_s, abs=1)
    transcriber.gate.set()
    recognition.stop()
    assert notes.done.wait(30)


def test_finals_first_under_load(ears: Ears, transcriber: FakeTranscriber) -> None:
    """While workers are held up no interims pile up."""
    transcriber.gate.clear()
    speakers = [listen(ears) for _ in range(10)]
    for chunk in chunks(BECKETT[: 2 * RATE * 4]):
        for recognition, _ in speakers:
            recognition.feed(chunk)
    for recognition, _ in speakers:
        recognition.stop()
    assert transcriber.entered.acquire(timeout=10)
    transcriber.gate.set()
    assert all(notes.done.wait(20) for _, notes in speakers)
    assert all(notes.finals for _, notes in speakers)
    assert sum(kind == "interim" for kind, _, _ in transcriber.calls) <= 10


def test_a_cancelled_interim_does_not_stop_those_after_it(ears: Ears, transcriber: FakeTranscriber) -> None:
    """A pause takes the place of an interim that still waits; after it interims go on."""
    transcriber.gate.clear()
    blockers = [listen(ears, interims=False) for _ in range(2)]
    for blocker, _ in blockers:
        live(blocker, BECKETT[: 2 * RATE * 2])
    assert transcriber.entered.acquire(timeout=10)
    assert transcriber.entered.acquire(timeout=10)
    recognition, _ = listen(ears)
    speech = linear16(recording("two_cities.wav"))[2 * RATE :]
    live(recognition, speech[: int(2 * RATE * 4.2)])  # an interim waits behind the blockers, then a pause
    assert recognition._ahead is not None
    assert recognition._interim is None or recognition._interim.is_done
    transcriber.gate.set()


def test_a_bad_chunk_is_told_and_the_rest_heard(ears: Ears) -> None:
    """Nobody else notices."""
    recognition, notes = listen(ears)
    other, others = listen(ears)
    live(recognition, BECKETT[:64_000])
    recognition.feed(b"odd")
    live(recognition, BECKETT[64_000:])
    live(other, BECKETT)
    recognition.stop()
    other.stop()
    assert notes.done.wait(10)
    assert others.done.wait(10)
    assert [len(notes.troubles), len(others.troubles)] == [1, 0]
    assert len(notes.finals) == len(others.finals) == SENTENCES


def test_switching_the_decoder(ears: Ears) -> None:
    """After a switch to another rate the words keep their place in time."""
    recognition, notes = listen(ears)
    half = len(BECKETT) // 2 // 3_200 * 3_200
    live(recognition, BECKETT[:half])
    recognition.switch(open_decoder("LINEAR16", 32_000))
    doubled = np.repeat(np.frombuffer(BECKETT[half:], dtype="<i2"), 2).tobytes()
    live(recognition, doubled)
    recognition.stop()
    assert notes.done.wait(10)
    assert len(notes.finals) == SENTENCES
    assert notes.finals[-1].end == pytest.approx(8.9, abs=0.4)


class Loud(Notes):
    """A listener that fails each time it hears something."""

    def speech_started(self, at: float) -> None:
        raise ValueError("no")


def test_a_failing_listener_is_its_own_problem(ears: Ears) -> None:
    """Its words still come, and so do everybody else's."""
    recognition, notes = listen(ears, Loud())
    other, others = listen(ears)
    for each in (recognition, other):
        live(each, BECKETT)
        each.stop()
    assert notes.done.wait(10)
    assert others.done.wait(10)
    assert len(notes.finals) == len(others.finals) == SENTENCES


@pytest.mark.parametrize(("ms", "turns"), [(300, 6), (1500, 1)])
def test_the_end_of_a_turn_can_be_chosen(ears: Ears, ms: int, turns: int) -> None:
    """With a longer silence sentences flow together."""
    recognition, notes = listen(ears, end_of_turn_ms=ms)
    live(recognition, BECKETT)
    recognition.stop()
    assert notes.done.wait(10)
    assert len(notes.finals) == turns


def test_closing_ends_everything(transcriber: FakeTranscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads are gone and nobody is called any more."""
    before = set(threading.enumerate())
    ears = Ears(transcriber, threads=2)
    ears.start()
    recognition, notes = listen(ears)
    for chunk in chunks(BECKETT * 5):
        recognition.feed(chunk)
    ears.close()
    told = len(notes.heard)
    recognition.stop()
    assert set(threading.enumerate()) <= before
    assert (len(notes.heard), notes.ends) == (told, 0)


def test_feeding_returns_at_once(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes are not decoded in the caller's thread."""
    threads: list[str] = []

    class Watched:
        def decode(self, chunk: bytes) -> Samples:
            threads.append(threading.current_thread().name)
            return np.zeros(0, dtype=np.float32)

        def flush(self) -> Samples:
            return self.decode(b"")

    notes = Notes()
    recognition = ears.open(RecognitionOptions(), Watched(), notes)
    recognition.feed(b"1")
    recognition.stop()
    assert notes.done.wait(10)
    assert threads == ["hearing", "hearing"]
