"""The voices of results, with the real speaker models: what comes again after a crash."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np

from insights.recorder import Diarized
from streaming.conversations.voice_labels import VoiceLabels
from streaming.speech.engines.base import RecognitionResult, Word
from streaming.speech.speakers.pyannote_models import load
from tests.speech.talk import talk

AUDIO, TIMES = talk("a1", "b1")
BEGUN = datetime(2026, 3, 2, tzinfo=UTC)


def labels_of(state: bytes, audio: bytes = AUDIO, stored_until: float = 0.0) -> VoiceLabels:
    """Return the voices of an audio source with this state, whose audio was heard."""
    labels = VoiceLabels(Diarized(uuid4(), BEGUN, state, stored_until), load(), 2, lambda at: BEGUN + timedelta(seconds=at))
    labels.audio.add(np.frombuffer(audio, "<i2").astype(np.float32) / 32_768)
    return labels


def result_of(turn: int) -> RecognitionResult:
    """Return a final result of one word, as long as the clip."""
    start, end = TIMES[turn]
    return RecognitionResult("word", (Word("word", start, end, 0.9),), 0.9, True, start, end, turn + 1)


def test_a_turn_that_comes_again_has_its_voice() -> None:
    """The state is stored before the words of a turn: after a crash the turn comes again, and has the voice that it had."""
    before = labels_of(b"")
    voices = [before.parts(result_of(turn)).parts[0].voice for turn in (0, 1)]
    assert voices == [0, 1]
    after = labels_of(before.state())
    assert [after.parts(result_of(turn)).parts[0].voice for turn in (0, 1)] == voices
    assert len(after.all()) == len(before.all())


def test_other_audio_of_the_same_time_has_its_own_voices() -> None:
    """A client that sends faster than real time and connects again sends other audio at times at which somebody spoke already."""
    before = labels_of(b"")
    assert [before.parts(result_of(turn)).parts[0].voice for turn in (0, 1)] == [0, 1]
    swapped, times = talk("b1", "a1")
    after = labels_of(before.state(), swapped, stored_until=times[1][1])
    found = [after.parts(RecognitionResult("word", (Word("word", *time, 0.9),), 0.9, True, *time, turn)) for turn, time in enumerate(times)]
    assert [labelled.parts[0].voice for labelled in found] == [1, 0]
    assert after.apart
    assert not before.apart
