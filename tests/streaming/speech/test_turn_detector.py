"""Turns as audio: recorded speech through the real VAD."""

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest

from streaming.audio.rates import NO_SOUND, Converter, Pcm
from streaming.speech import audio_source, vad_worker
from streaming.speech.audio_source import AudioHistory
from streaming.speech.endpointing import TurnSpan
from streaming.speech.turn_detector import Turn, TurnDetector, TurnDetectorOptions
from streaming.speech.vad_worker import VadWorker
from tests.streaming.speech.fakes import recording

VOICE: Pcm = (recording("beckett.wav") * 32767).astype(np.int16)
"""Ten seconds at 16 kHz, six short sentences; the first begins at about 0.33 s."""
FIRST_SENTENCE: Pcm = VOICE[: int(1.5 * 16_000)]
"""Ends at about 1.25 s; the second begins at about 1.85 s."""
SILENCE: Pcm = np.zeros(16_000, dtype=np.int16)


class Notes:
    """Records its calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.turns: list[Turn] = []
        self.so_far: list[Turn] = []
        self.paused_turns: list[Turn] = []
        self.answer: Callable[[TurnSpan], None] | None = None
        self.changed = threading.Condition()

    def _note(self, what: str) -> None:
        with self.changed:
            self.calls.append(what)
            self.changed.notify_all()

    def may_begin(self, possible: bool) -> None:
        """Record the call."""
        self._note("may begin" if possible else "did not begin")

    def began(self) -> None:
        """Record the call."""
        self._note("began")

    def progress(self, turn: Turn) -> None:
        """Record the call."""
        self.so_far.append(turn)
        self._note("progress")

    def paused(self, turn: Turn, span: TurnSpan) -> None:
        """Record the call, and give the answer if there is one."""
        self.paused_turns.append(turn)
        self._note("paused")
        if self.answer is not None:
            self.answer(span)

    def ended(self, turn: Turn) -> None:
        """Record the call."""
        self.turns.append(turn)
        self._note("ended")

    def dropped(self) -> None:
        """Record the call."""
        self._note("dropped")

    def wait(self, what: str, times: int = 1, seconds: float = 30.0) -> bool:
        """Wait for this many calls of a kind."""
        with self.changed:
            return self.changed.wait_for(lambda: self.calls.count(what) >= times, seconds)


@pytest.fixture
def vad(monkeypatch: pytest.MonkeyPatch) -> Iterator[VadWorker]:
    """The shared VAD worker, without waits between its ticks; no turn stalls."""
    monkeypatch.setattr(vad_worker, "TICK_S", 0.0)
    monkeypatch.setattr(audio_source, "STALL_S", 3600.0)
    yield vad_worker.acquire()
    vad_worker.release()


def detecting(vad: VadWorker, options: TurnDetectorOptions | None = None, rate: int = 16_000) -> tuple[TurnDetector, Notes]:
    """Start a turn detector."""
    notes = Notes()
    detector = TurnDetector(options or TurnDetectorOptions(), rate, notes)
    vad.join(detector)
    detector.attend(vad.wake)
    return detector, notes


def feed(detector: TurnDetector, *parts: Pcm, size: int = 320) -> None:
    """Feed audio in frames of 20 ms."""
    whole = np.concatenate(parts)
    for start in range(0, len(whole), size):
        detector.feed(whole[start : start + size])


@pytest.mark.parametrize("rate", [16_000, 48_000, 8_000])
def test_each_sentence_is_a_turn_at_its_own_rate(vad: VadWorker, rate: int) -> None:
    """Six sentences are six turns; their audio is the fed audio, from before the first word on."""
    detector, notes = detecting(vad, rate=rate)
    audio = Converter(rate).push(VOICE, 16_000)
    feed(detector, audio, np.zeros(rate, dtype=np.int16), size=rate // 50)
    assert notes.wait("ended", 6)
    assert notes.calls == ["began", "ended"] * 6
    for turn in notes.turns:
        assert turn.rate == rate
        assert 0.8 < len(turn.samples) / rate < 2.5
        where = audio.tobytes().find(turn.samples.tobytes())
        assert where >= 0
        assert 0.2 < turn.voiced[0][0] < 0.5, "about 0.4 s of pre-roll"


def test_speech_is_detected_within_100_ms(vad: VadWorker) -> None:
    """Two frames of speech are enough; no audio after them is needed."""
    detector, notes = detecting(vad)
    feed(detector, VOICE[: int((0.33 + 0.1 + 0.032) * 16_000)])
    assert notes.wait("began")


def test_speech_may_begin_before_it_does(vad: VadWorker) -> None:
    """Each turn is announced by what may be its beginning, if that is requested; silence is not."""
    detector, notes = detecting(vad, TurnDetectorOptions(asks_onset=True))
    feed(detector, SILENCE, FIRST_SENTENCE, SILENCE)
    assert notes.wait("ended")
    assert notes.calls[:2] == ["may begin", "began"]
    assert notes.calls[-1] == "ended"


@pytest.mark.parametrize("milliseconds", [5, 10, 20])
def test_a_click_is_no_turn(vad: VadWorker, milliseconds: int) -> None:
    """Only the sentence after the click is a turn. The flush marks the end: it adds one empty turn."""
    detector, notes = detecting(vad)
    click = np.full(16 * milliseconds, 25_000, dtype=np.int16)
    feed(detector, SILENCE, click, SILENCE, click, SILENCE, FIRST_SENTENCE, SILENCE)
    detector.flush()
    assert notes.wait("ended", 2)
    assert [len(turn.samples) > 0 for turn in notes.turns] == [True, False]


def test_the_pause_can_be_chosen(vad: VadWorker) -> None:
    """A longer pause joins sentences to one turn."""
    detector, notes = detecting(vad, TurnDetectorOptions(pause_ms=1500))
    feed(detector, VOICE, SILENCE, SILENCE)
    detector.flush()
    assert notes.wait("ended", 2)
    assert [len(turn.samples) > 8 * 16_000 for turn in notes.turns] == [True, False], "the flush brings an empty one"


def test_a_long_turn_is_cut(vad: VadWorker) -> None:
    """Speech without a pause is cut at the longest turn."""
    detector, notes = detecting(vad, TurnDetectorOptions(pause_ms=3000, longest_s=3.0))
    feed(detector, VOICE, SILENCE, SILENCE, SILENCE, SILENCE)
    assert notes.wait("ended", 3)
    assert all(len(turn.samples) <= 3.1 * 16_000 for turn in notes.turns)


def test_progress_on_request(vad: VadWorker) -> None:
    """Each progress has the turn so far."""
    detector, notes = detecting(vad, TurnDetectorOptions(pause_ms=1500, progress=True))
    feed(detector, VOICE, SILENCE, SILENCE)
    assert notes.wait("ended")
    lengths = [len(turn.samples) for turn in notes.so_far]
    assert len(lengths) >= 2
    assert lengths == sorted(lengths)


def test_the_end_is_asked_about_on_request(vad: VadWorker) -> None:
    """The answer ends the turn, or keeps it open; each pause is asked about."""
    for silence_ms, turns in ((200, 6), (1500, 1)):
        detector, notes = detecting(vad, TurnDetectorOptions(asks_end=True))
        notes.answer = partial(detector.end_after, silence_ms=silence_ms)
        feed(detector, VOICE, SILENCE, SILENCE)
        assert notes.wait("ended", turns)
        assert notes.calls.count("paused") >= 6
        assert turns > 1 or notes.calls.count("began") == 1


def test_pauses_are_reported_on_request(vad: VadWorker) -> None:
    """Each with the turn that ends if nothing follows; the end itself does not change, and nothing is asked."""
    found: list[Notes] = []
    for reports in (True, False):
        detector, notes = detecting(vad)
        detector.reports_pauses = reports
        feed(detector, VOICE, SILENCE)
        assert notes.wait("ended", 6)
        found.append(notes)
    notes, usual = found
    assert [len(turn.samples) for turn in notes.turns] == [len(turn.samples) for turn in usual.turns]
    sizes = {(len(turn.samples), turn.voiced) for turn in notes.paused_turns}
    assert all((len(turn.samples), turn.voiced) in sizes for turn in notes.turns)
    assert usual.paused_turns == []


def test_flush(vad: VadWorker) -> None:
    """A flush ends a turn without a pause; without speech the turn is empty."""
    detector, notes = detecting(vad)
    feed(detector, VOICE[: int(1.0 * 16_000)])
    assert notes.wait("began")
    detector.flush()
    assert notes.wait("ended")
    assert len(notes.turns[0].samples) > 0.5 * 16_000
    detector.flush()
    assert notes.wait("ended", 2)
    assert len(notes.turns[1].samples) == 0


def test_a_client_that_stops_sending(vad: VadWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The open turn ends."""
    detector, notes = detecting(vad)
    feed(detector, VOICE[:16_000])
    monkeypatch.setattr(audio_source, "STALL_S", 0.1)
    assert notes.wait("ended")


def test_calm(vad: VadWorker) -> None:
    """Calm needs half a second without possible speech; a turn ends it, and it does not return at once."""
    detector, notes = detecting(vad)
    assert not detector.calm
    feed(detector, SILENCE)
    detector.flush()
    assert notes.wait("ended")
    assert detector.calm
    feed(detector, VOICE[:16_000])
    assert notes.wait("began")
    assert not detector.calm


def test_closed(vad: VadWorker) -> None:
    """No callback is called any more, no audio is held, and the slot of the model is free."""
    detector, notes = detecting(vad)
    feed(detector, VOICE[: 16_000 // 2])
    assert notes.wait("began")
    detector.close()
    feed(detector, VOICE)
    assert not detector._waiting
    while detector.slot is not None:
        threading.Event().wait(0.005)
    assert notes.calls == ["began"]


def test_a_flood_is_bounded() -> None:
    """Audio for a worker that is not loaded yet is queued up to a limit."""
    detector = TurnDetector(TurnDetectorOptions(), 16_000, Notes())
    for _ in range(200):
        detector.feed(SILENCE)
    assert sum(len(block) for block in detector._waiting) <= 62 * 16_000


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
def test_history(rate: int) -> None:
    """Positions are frames since the start; only whole blocks that are no longer needed are dropped."""
    frame = 512 * rate // 16_000
    history = AudioHistory(rate, NO_SOUND)
    for start in (0, 10, 20):
        history.append(np.repeat(np.arange(start, start + 10, dtype=np.int16), frame))
        history.append(NO_SOUND)
    assert history.cut(TurnSpan(5, 25, ())).tolist() == np.repeat(np.arange(5, 25), frame).tolist()
    history.forget(15)
    assert [block[0] for block in history._blocks] == [10, 20]
    assert history.cut(TurnSpan(15, 99, ())).tolist() == np.repeat(np.arange(15, 30), frame).tolist()
    history.forget(99)
    assert len(history.cut(TurnSpan(0, 99, ()))) == 0


def test_an_exception_does_not_shift_the_frames() -> None:
    """All frames of a block are counted although the caller fails at one, and the turn has the right audio."""
    notes = Notes()
    detector = TurnDetector(TurnDetectorOptions(), 16_000, notes)

    def fail() -> None:
        raise RuntimeError("began")

    notes.began = fail  # type: ignore[method-assign]
    loud, quiet = np.full((20, 512), 0.5, dtype=np.float32), np.zeros((20, 512), dtype=np.float32)
    detector.feed(np.repeat(np.array([16384, 0], dtype=np.int16), 20 * 512))
    detector.pull()
    with pytest.raises(RuntimeError, match="began"):
        detector.process(loud, [0.9] * 20)
    detector.process(quiet, [0.0] * 20)
    (turn,) = notes.turns
    assert turn.voiced == ((0.0, 20 * 0.032),)


def vad_threads() -> set[threading.Thread]:
    """Return the VAD threads."""
    return {thread for thread in threading.enumerate() if thread.name == "vad"}


def test_the_last_user_ends_the_thread() -> None:
    """The VAD worker is shared while it has users."""
    before = vad_threads()
    first, second = vad_worker.acquire(), vad_worker.acquire()
    assert first is second
    vad_worker.release()
    assert len(vad_threads() - before) == 1
    vad_worker.release()
    assert vad_threads() <= before


def test_the_last_user_frees_the_model() -> None:
    """At once, while a session that ended still refers to the worker: else each further session would load another model."""
    worker = vad_worker.acquire()
    session = weakref.ref(worker._model._session)
    gc.disable()
    try:
        vad_worker.release()
        assert session() is None
    finally:
        gc.enable()


def test_the_number_of_queued_blocks_is_bounded() -> None:
    """The limit holds for short blocks too; one portion takes at most 256 of them."""
    detector = TurnDetector(TurnDetectorOptions(), 16_000, Notes())
    for _ in range(13_000):
        detector.feed(np.zeros(1, dtype=np.int16))
    assert len(detector._waiting) == 12_000
    detector.pull()
    assert len(detector._waiting) == 12_000 - 256
