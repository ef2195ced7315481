"""The turns of a file: their order, several at once, and turns that are known already."""

import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from streaming.audio.pcm import Samples
from streaming.imports.file_recognition import FileRecognition, SpokenTurn
from streaming.speech.engines.base import RecognitionOptions
from streaming.speech.transcript import Transcript
from tests.streaming.speech.fakes import BECKETT, SENTENCES, FakeRecogniser, FakeTranscriber

SECOND = 32_000
OPTIONS = RecognitionOptions(interims=False, end_of_turn_ms=300, live=False)


class Decoder(FakeTranscriber):
    """Counts how many turns are decoded at the same time, if each waits until another one comes."""

    def __init__(self) -> None:
        super().__init__()
        self.patience_s = 2.0
        self.most = self.now = 0
        self.together = threading.Condition()

    def final(self, pcm: Samples, draft: Sequence[int]) -> Transcript:
        """Note the decode."""
        with self.together:
            self.now += 1
            self.most = max(self.most, self.now)
            self.together.notify_all()
            self.together.wait_for(lambda: self.most > 1, self.patience_s)
        try:
            return super().final(pcm, draft)
        finally:
            with self.together:
                self.now -= 1


@pytest.fixture
def decoder() -> Decoder:
    """A transcriber without a model."""
    return Decoder()


@pytest.fixture
def engine(decoder: Decoder) -> Iterator[FakeRecogniser]:
    """Its recogniser with two threads and the real VAD."""
    engine = FakeRecogniser(decoder, 2)
    engine.load()
    yield engine
    engine.close()


def pieces(audio: bytes, size: int = SECOND) -> list[bytes]:
    """Return audio in blocks."""
    return [audio[at : at + size] for at in range(0, len(audio), size)]


def turns(engine: FakeRecogniser, audio: bytes, *options: RecognitionOptions) -> list[SpokenTurn]:
    """Return the turns of a whole file."""
    return list(FileRecognition(engine, options).turns(pieces(audio)))


def test_the_turns_are_those_of_live_speech(engine: FakeRecogniser, decoder: Decoder) -> None:
    """In order; only finals are decoded, each once, and several at the same time."""
    decoder.patience_s = 60.0
    found = turns(engine, BECKETT, OPTIONS)
    assert len(found) == len(decoder.calls) >= SENTENCES
    assert {kind for kind, _, _ in decoder.calls} == {"final"}
    starts = [turn.result.start for turn in found]
    assert starts == sorted(starts)
    assert decoder.most == 2


class SlowFirst(FakeTranscriber):
    """Ends the decode of the first turn when two later ones have been decoded."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = self.ended = 0
        self.overtaken = False
        self.changed = threading.Condition()

    def final(self, pcm: Samples, draft: Sequence[int]) -> Transcript:
        """Wait in the first decode."""
        with self.changed:
            self.begun += 1
            if self.begun == 1:
                self.overtaken = self.changed.wait_for(lambda: self.ended >= 2, 20.0)
        found = super().final(pcm, draft)
        with self.changed:
            self.ended += 1
            self.changed.notify_all()
        return found


def test_a_slow_turn_stops_no_other_thread() -> None:
    """The second thread decodes turn after turn while the first one has a long one; the turns come in order all the same."""
    decoder = SlowFirst()
    engine = FakeRecogniser(decoder, 2)
    engine.load()
    try:
        starts = [turn.result.start for turn in turns(engine, BECKETT, OPTIONS)]
    finally:
        engine.close()
    assert decoder.overtaken
    assert starts == sorted(starts)
    assert len(starts) >= SENTENCES


def test_blocks_of_any_size_give_the_same_turns(engine: FakeRecogniser) -> None:
    """So a file that is imported again has the same turns at the same places."""
    first = turns(engine, BECKETT, OPTIONS)
    again = list(FileRecognition(engine, [OPTIONS]).turns(pieces(BECKETT, 7_000)))
    assert [(turn.result.start, turn.result.end) for turn in first] == [(turn.result.start, turn.result.end) for turn in again]


def test_channels_come_in_the_order_of_speech(engine: FakeRecogniser) -> None:
    """The second channel is half a turn behind; its turns stand between those of the first."""
    left = np.frombuffer(BECKETT + bytes(2 * SECOND), dtype="<i2")
    right = np.frombuffer(bytes(SECOND) + BECKETT + bytes(SECOND), dtype="<i2")
    found = turns(engine, np.stack([left, right], axis=1).tobytes(), OPTIONS, OPTIONS)
    starts = [turn.result.start for turn in found]
    assert starts == sorted(starts)
    one, two = ([turn.result.start for turn in found if turn.channel == channel] for channel in (1, 2))
    assert two == pytest.approx([start + 1 for start in one], abs=0.1)


def test_known_turns_are_not_decoded(engine: FakeRecogniser, decoder: Decoder) -> None:
    """The rest has the same places as before."""
    everything = turns(engine, BECKETT, OPTIONS)
    decoder.calls.clear()
    known = everything[2].result.end
    rest = turns(engine, BECKETT, RecognitionOptions(interims=False, end_of_turn_ms=300, live=False, known_s=known))
    assert len(decoder.calls) <= len(everything) - 2
    assert [turn.result.start for turn in rest if turn.result.start >= known] == [turn.result.start for turn in everything[3:]]


def test_a_slow_file_ends_no_turn(engine: FakeRecogniser, decoder: Decoder) -> None:
    """A pause between two blocks is no pause in the audio."""

    def slowly() -> Iterator[bytes]:
        for number, block in enumerate(pieces(BECKETT, SECOND // 2)):
            if number == 1:
                threading.Event().wait(3.0)
            yield block

    found = list(FileRecognition(engine, [OPTIONS]).turns(slowly()))
    assert [turn.result.start for turn in found] == [turn.result.start for turn in turns(engine, BECKETT, OPTIONS)]


def test_a_reader_that_stops_leaves_nothing_behind(engine: FakeRecogniser) -> None:
    """What was given to the recogniser is dropped."""
    recognition = FileRecognition(engine, [OPTIONS])
    reader = recognition.turns(pieces(BECKETT * 5))
    next(reader)
    reader.close()
    assert all(channel.recognition.over for channel in recognition._channels)


def test_an_import_that_must_end_ends(engine: FakeRecogniser) -> None:
    """What `check` raises ends the wait for the recogniser."""

    class Stop(BaseException):
        """The end."""

    def check() -> None:
        raise Stop

    with pytest.raises(Stop):
        list(FileRecognition(engine, [OPTIONS], check).turns(pieces(BECKETT)))
