"""Recorded speech through the real VAD; a fake transcriber counts the decodes."""

import logging
import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from streaming.audio.codecs import Decoder, open_decoder
from streaming.audio.pcm import Samples
from streaming.speech import audio_source
from streaming.speech.engines.base import RecognitionOptions
from streaming.speech.transcript import Transcript
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


def test_each_sentence_is_a_turn(recogniser: FakeRecogniser) -> None:
    """Six sentences are six starts and six finals, in order, inside the recording, and one end."""
    recognition, notes = listen(recogniser)
    live(recognition, BECKETT)
    recognition.stop()
    assert notes.done.wait(30)
    assert [h.turn for h in notes.finals] == list(range(1, SENTENCES + 1))
    assert len(notes.starts) == SENTENCES
    assert all(a.end <= b.start for a, b in zip(notes.finals, notes.finals[1:], strict=False))
    assert notes.finals[-1].end <= len(BECKETT) / 2 / RATE
    assert notes.ends == 1


def test_speech_started_is_called_before_the_words(recogniser: FakeRecogniser) -> None:
    """Speech is reported about 100 ms after the voice, and the first word begins at most that much earlier."""
    recognition, notes = listen(recogniser)
    live(recognition, BECKETT)
    recognition.stop()
    assert notes.done.wait(30)
    for start, final in zip(notes.starts, notes.finals, strict=True):
        assert abs(start - final.start) < 0.1


def test_the_first_syllable_is_in_the_turn(recogniser: FakeRecogniser, transcriber: FakeTranscriber) -> None:
    """The decoded audio begins 0.3 s before the voice and ends 0.29 s after it: 0.19 s after the last voiced frame."""
    recognition, notes = listen(recogniser, interims=False)
    live(recognition, BECKETT)
    recognition.stop()
    assert notes.done.wait(30)
    lengths = [samples / RATE for kind, samples, _ in transcriber.calls if kind == "final"]
    voiced = [h.end - h.start for h in notes.finals]
    assert len(lengths) >= SENTENCES
    assert all(any(abs(length - voice - 0.61) < 0.04 for length in lengths) for voice in voiced[1:])


def test_a_turn_is_not_decoded_twice(recogniser: FakeRecogniser, transcriber: FakeTranscriber) -> None:
    """The speculative decode of the pause becomes the final."""
    recognition, notes = listen(recogniser, interims=False)
    live(recognition, BECKETT)
    recognition.stop()
    assert notes.done.wait(30)
    assert len(transcriber.calls) <= SENTENCES + 1


def test_interims_come_before_their_final_and_draft_it(recogniser: FakeRecogniser, transcriber: FakeTranscriber) -> None:
    """Each final is decoded with the tokens of the newest interim of its turn as draft."""
    recognition, notes = listen(recogniser)
    live(recognition, linear16(recording("two_cities.wav"))[: 2 * RATE * 10], decoded=True)
    recognition.stop()
    assert notes.done.wait(30)
    turns = [h.turn for h in notes.results]
    assert turns == sorted(turns)
    assert sum(not h.is_final for h in notes.results) >= 2
    assert any(draft for kind, _, draft in transcriber.calls if kind == "final")


def test_interims_can_be_rarer(recogniser: FakeRecogniser, transcriber: FakeTranscriber) -> None:
    """With a longer interval a turn without pauses is decoded less often for them."""
    counts = []
    for interim_ms in (320, 1600):
        transcriber.calls.clear()
        recognition, notes = listen(recogniser, interim_ms=interim_ms)
        live(recognition, linear16(recording("two_cities.wav"))[: 2 * RATE * 10], decoded=True)
        recognition.stop()
        assert notes.done.wait(30)
        counts.append(sum(kind == "interim" for kind, _, _ in transcriber.calls))
    assert 0 < counts[1] < 0.7 * counts[0]


def test_no_interim_replaces_the_words_of_the_turn_before(recogniser: FakeRecogniser, transcriber: FakeTranscriber) -> None:
    """While the final of a turn that was cut for its length is decoded, interims of the next turn are decoded and not published."""
    gate, final = threading.Event(), transcriber.final
    calls_before: list[int] = []

    def first_waits(pcm: Samples, draft: Sequence[int]) -> Transcript:
        if recognition._pending and not calls_before:
            calls_before.append(len(transcriber.calls))
            gate.wait(60)
        return final(pcm, draft)

    transcriber.final = first_waits  # type: ignore[method-assign]
    recognition, notes = listen(recogniser, longest_turn_s=3.0)
    live(recognition, linear16(recording("two_cities.wav"))[: 2 * RATE * 6], decoded=True)
    assert "interim" in {kind for kind, _, _ in transcriber.calls[calls_before[0] :]}
    assert {result.turn for result in notes.results} == {1}
    assert not notes.finals
    gate.set()
    recognition.stop()
    assert notes.done.wait(30)
    turns = [result.turn for result in notes.results]
    assert turns == sorted(turns)
    assert len(set(turns)) > 1


def test_no_interims_unless_requested(recogniser: FakeRecogniser, transcriber: FakeTranscriber) -> None:
    """Interims are neither reported nor decoded."""
    recognition, notes = listen(recogniser, interims=False)
    live(recognition, BECKETT)
    recognition.stop()
    assert notes.done.wait(30)
    assert len(notes.finals) == len(notes.results) == SENTENCES
    assert "interim" not in {kind for kind, _, _ in transcriber.calls}


def test_stop_in_mid_sentence_keeps_the_last_words(recogniser: FakeRecogniser) -> None:
    """Speech without a pause after it is decoded up to its last sample."""
    recognition, notes = listen(recogniser)
    for chunk in chunks(BECKETT[: int(2 * RATE * 1.0)]):
        recognition.feed(chunk)
    recognition.stop()
    recognition.stop()
    recognition.feed(BECKETT)
    assert notes.done.wait(30)
    assert len(notes.finals) == 1
    assert notes.finals[0].end == pytest.approx(1.0, abs=0.05)
    assert recognition.backlog == 0


def test_stop_before_anything_was_fed(recogniser: FakeRecogniser) -> None:
    """The recognition ends at once, without a result."""
    recognition, notes = listen(recogniser)
    recognition.stop()
    assert notes.done.wait(30)
    assert (notes.results, notes.starts, notes.ends) == ([], [], 1)


def test_a_client_that_stops_sending(recogniser: FakeRecogniser, monkeypatch: pytest.MonkeyPatch) -> None:
    """An open turn ends without silence, as when a client mutes itself."""
    recognition, notes = listen(recogniser)
    live(recognition, BECKETT[: int(2 * RATE * 1.0)])
    monkeypatch.setattr(audio_source, "STALL_S", 0.1)
    assert notes.wait(lambda: len(notes.finals) == 1)
    assert notes.ends == 0


def test_a_turn_does_not_end_while_its_audio_is_queued(recogniser: FakeRecogniser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Audio that was sent at once is processed later; this does not cut turns."""
    monkeypatch.setattr(audio_source, "STALL_S", -1.0)
    recognition, notes = listen(recogniser, end_of_turn_ms=1500)
    recognition.feed(BECKETT)
    recognition.stop()
    assert notes.done.wait(30)
    assert len(notes.finals) == 1


def test_abandoned_in_mid_decode(recogniser: FakeRecogniser, transcriber: FakeTranscriber) -> None:
    """No callback is called after abandon returned, though a worker still decodes."""
    transcriber.gate.clear()
    recognition, notes = listen(recogniser, interims=False)
    for chunk in chunks(BECKETT):
        recognition.feed(chunk)
    assert transcriber.entered.acquire(timeout=30)
    recognition.abandon()
    calls_before = len(notes.starts)
    transcriber.gate.set()
    other, others = listen(recogniser)
    other.feed(BECKETT)
    other.stop()
    assert others.done.wait(30)
    assert (notes.results, notes.ends, len(notes.starts)) == ([], 0, calls_before)
    assert recognition.backlog < 1, "what was unpacked already"


def test_a_failing_decode_costs_one_turn(
    recogniser: FakeRecogniser, transcriber: FakeTranscriber, caplog: pytest.LogCaptureFixture
) -> None:
    """The other finals come in order, the end comes, and the log has the type only."""
    transcriber.fail_next = 1
    recognition, notes = listen(recogniser, interims=False)
    with caplog.at_level(logging.DEBUG):
        live(recognition, BECKETT)
        recognition.stop()
        assert notes.done.wait(30)
    results = [h.turn for h in notes.finals]
    assert results == sorted(set(results) & set(range(1, SENTENCES + 1)))
    assert len(results) >= SENTENCES - 1
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def test_unsure_results_are_dropped(recogniser: FakeRecogniser, transcriber: FakeTranscriber) -> None:
    """A result with a mean token probability below a half is dropped: noise gives such results."""
    transcriber.confidence = 0.49
    recognition, notes = listen(recogniser)
    live(recognition, BECKETT)
    recognition.stop()
    assert notes.done.wait(30)
    assert notes.results == []


def noise(seconds: float, level: float) -> Samples:
    """Return white noise."""
    return np.random.default_rng(5).normal(size=int(seconds * RATE)).astype(np.float32) * np.float32(level)


def hum(seconds: float, hertz: float) -> Samples:
    """Return a sine."""
    return (np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE) * 0.3).astype(np.float32)


def click(milliseconds: int) -> Samples:
    """Return silence with one loud click in it."""
    audio = np.zeros(3 * RATE, dtype=np.float32)
    audio[RATE : RATE + milliseconds * RATE // 1000] = 0.8
    return audio


@pytest.mark.parametrize(
    "audio",
    [np.zeros(5 * RATE, dtype=np.float32), noise(5, 0.01), noise(5, 0.2), hum(5, 440), hum(5, 50), click(10), click(2), noise(0.01, 0.5)],
    ids=["silence", "soft noise", "loud noise", "tone", "hum", "click of 10 ms", "click of 2 ms", "burst"],
)
def test_noise_is_no_turn(recogniser: FakeRecogniser, transcriber: FakeTranscriber, audio: Samples) -> None:
    """Nothing is decoded or reported."""
    recognition, notes = listen(recogniser)
    live(recognition, linear16(np.concatenate((audio, np.zeros(RATE, dtype=np.float32)))))
    recognition.stop()
    assert notes.done.wait(30)
    assert notes.results == []


def test_a_bad_chunk_is_reported_and_the_rest_recognised(recogniser: FakeRecogniser) -> None:
    """Other recognitions get no error."""
    recognition, notes = listen(recogniser)
    other, others = listen(recogniser)
    live(recognition, BECKETT[:64_000])
    recognition.feed(b"odd")
    live(recognition, BECKETT[64_000:])
    live(other, BECKETT)
    recognition.stop()
    other.stop()
    assert notes.done.wait(30)
    assert others.done.wait(30)
    assert [len(notes.errors), len(others.errors)] == [1, 0]
    assert len(notes.finals) == len(others.finals) == SENTENCES


def test_switching_the_decoder(recogniser: FakeRecogniser) -> None:
    """After a switch to another rate the words keep their times."""
    recognition, notes = listen(recogniser)
    half = len(BECKETT) // 2 // 3_200 * 3_200
    live(recognition, BECKETT[:half])
    recognition.switch(open_decoder("LINEAR16", 32_000))
    doubled = np.repeat(np.frombuffer(BECKETT[half:], dtype="<i2"), 2).tobytes()
    live(recognition, doubled)
    recognition.stop()
    assert notes.done.wait(30)
    assert len(notes.finals) == SENTENCES
    assert notes.finals[-1].end == pytest.approx(8.9, abs=0.4)


class FailingListener(Notes):
    """A listener that fails at each start of speech."""

    def speech_started(self, at: float) -> None:
        raise ValueError("no")


def test_a_failing_listener_does_not_affect_others(recogniser: FakeRecogniser) -> None:
    """Its words still come, and so do those of others."""
    recognition, notes = listen(recogniser, FailingListener())
    other, others = listen(recogniser)
    for each in (recognition, other):
        live(each, BECKETT)
        each.stop()
    assert notes.done.wait(30)
    assert others.done.wait(30)
    assert len(notes.finals) == len(others.finals) == SENTENCES


@pytest.mark.parametrize(("ms", "turns"), [(300, 6), (1500, 1)])
def test_the_end_of_a_turn_can_be_chosen(recogniser: FakeRecogniser, ms: int, turns: int) -> None:
    """A longer silence joins sentences to one turn."""
    recognition, notes = listen(recogniser, end_of_turn_ms=ms)
    live(recognition, BECKETT)
    recognition.stop()
    assert notes.done.wait(30)
    assert len(notes.finals) == turns


def own_threads() -> set[threading.Thread]:
    """Return the VAD and decoder threads."""
    return {thread for thread in threading.enumerate() if thread.name == "vad" or thread.name.startswith("decoder-")}


def test_closing_ends_everything(transcriber: FakeTranscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads have ended and no callback is called any more."""
    before = own_threads()
    recogniser = FakeRecogniser(transcriber, threads=2)
    recogniser.load()
    recognition, notes = listen(recogniser)
    for chunk in chunks(BECKETT * 5):
        recognition.feed(chunk)
    recogniser.close()
    calls_before = len(notes.results)
    recognition.stop()
    assert own_threads() <= before
    assert (len(notes.results), notes.ends) == (calls_before, 0)


def test_feeding_returns_at_once(recogniser: FakeRecogniser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes are decoded outside the caller's thread: in the VAD thread where that is cheap, else in a thread of their own."""
    threads: list[str] = []

    class Watched(Decoder):
        def blocks(self, chunk: bytes) -> Iterator[Samples]:
            yield self.flush()

        def flush(self) -> Samples:
            threads.append(threading.current_thread().name)
            return np.zeros(0, dtype=np.float32)

    for in_place, name in ((True, "vad"), (False, "audio-decoder")):
        threads.clear()
        notes, decoder = Notes(), Watched()
        decoder.in_place = in_place
        recognition = recogniser.open(RecognitionOptions(), decoder, notes)
        recognition.feed(b"1")
        recognition.stop()
        assert notes.done.wait(30)
        assert threads == [name, name]
