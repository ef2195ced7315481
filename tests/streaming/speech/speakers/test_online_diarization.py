"""Live diarization with the embedded models and two real voices."""

from collections.abc import Callable

import numpy as np
import pytest

from streaming.audio.pcm import RATE, Samples
from streaming.speech.speakers import EnrolledVoices, LiveDiarizer
from streaming.speech.speakers.pyannote_models import CommunityModels
from tests.streaming.speech.speakers.conftest import joined

Voice = Callable[[str], Samples]
STEP_S = 4.0


def speakers(diarizer: LiveDiarizer, voice: Voice, *names: str, from_s: float = 0.0) -> list[set[int]]:
    """Return the labels of the turns that hold the named clips."""
    turns = [diarizer.turn(voice(name), from_s + number * STEP_S).spans for number, name in enumerate(names)]
    return [{span.speaker for span in spans} for spans in turns]


def test_two_voices_have_two_labels(models: CommunityModels, voice: Voice) -> None:
    """Turns of two voices get two labels, and the same one when a voice returns."""
    assert speakers(LiveDiarizer(models), voice, "a1", "b1", "a2", "b2") == [{0}, {1}, {0}, {1}]


def test_a_turn_is_split_where_the_voice_changes(models: CommunityModels, voice: Voice) -> None:
    """Two voices in one turn give spans of two speakers, and the first starts no later than the second."""
    spans = LiveDiarizer(models).turn(joined(voice("a1"), voice("b1")), 10.0).spans
    first = [span for span in spans if span.speaker == spans[0].speaker]
    second = [span for span in spans if span.speaker != spans[0].speaker]
    assert first[-1].end_s == pytest.approx(13.2, abs=0.5)
    assert second[0].start_s == pytest.approx(13.5, abs=0.5)


def test_labels_continue_after_a_restart(models: CommunityModels, voice: Voice) -> None:
    """A diarizer that got the state of another one recognises its speakers."""
    before, after = LiveDiarizer(models), LiveDiarizer(models)
    speakers(before, voice, "a1", "b1")
    after.restore(before.state())
    assert speakers(after, voice, "b2", "a2", from_s=100.0) == [{1}, {0}]
    assert len(before.state()) < 4000


def test_a_wrong_state_is_refused(models: CommunityModels) -> None:
    """A state that is not one raises ValueError."""
    with pytest.raises(ValueError, match="state"):
        LiveDiarizer(models).restore(b"{}")


def test_a_partial_turn_is_replaced(models: CommunityModels, voice: Voice) -> None:
    """The whole turn replaces its first part, whose spans are gone."""
    diarizer = LiveDiarizer(models)
    diarizer.turn(voice("a1")[:RATE], 0.0)
    diarizer.turn(voice("a1"), 0.0)
    spans = diarizer.spans()
    assert {span.speaker for span in spans} == {0}
    assert sum(span.end_s - span.start_s for span in spans) <= 3.2


def test_merged_labels_stay_one(models: CommunityModels, voice: Voice) -> None:
    """After people said that two labels are one person, both voices get that label."""
    diarizer = LiveDiarizer(models)
    speakers(diarizer, voice, "a1", "b1")
    diarizer.merge(0, 1)
    assert {span.speaker for span in diarizer.spans()} == {0}
    assert speakers(diarizer, voice, "b2", "a2", from_s=8.0) == [{0}, {0}]


def test_a_split_label_stays_two(models: CommunityModels, voice: Voice) -> None:
    """After people said that a label is two persons, later turns go to the one with that voice."""
    diarizer = LiveDiarizer(models, expected=1)
    assert speakers(diarizer, voice, "a1", "b1") == [{0}, {0}]
    assert diarizer.split(0, 4.0) == 1
    assert speakers(diarizer, voice, "a2", "b2", from_s=8.0) == [{0}, {1}]


def test_a_pinned_span_keeps_its_label(models: CommunityModels, voice: Voice) -> None:
    """A person's label holds, and the voice's later turns follow it."""
    diarizer = LiveDiarizer(models)
    speakers(diarizer, voice, "a1", "b1")
    diarizer.pin((4.0, 7.2), 5)
    assert speakers(diarizer, voice, "b2", "a2", from_s=8.0) == [{5}, {0}]
    assert {span.speaker for span in diarizer.finish() if 4.0 <= span.start_s < 8.0} == {5}


def test_the_number_of_speakers_can_be_given(models: CommunityModels, voice: Voice) -> None:
    """With one expected speaker, everybody is one."""
    assert speakers(LiveDiarizer(models, expected=1), voice, "a1", "b1", "a2") == [{0}, {0}, {0}]


def test_enrolled_voices_are_found(models: CommunityModels, voice: Voice) -> None:
    """A voice is identified by its profile from another recording; another voice is not."""
    enrolment = LiveDiarizer(models)
    speakers(enrolment, voice, "a1")
    profile = enrolment.voice(0)
    assert profile is not None
    diarizer = LiveDiarizer(models)
    speakers(diarizer, voice, "b2", "a2")
    found = diarizer.identify(EnrolledVoices({"anna": profile}, models))
    assert {speaker: match.key for speaker, match in found.items()} == {1: "anna"}
    assert found[1].probability > 0.9


def test_silence_of_a_recording_has_no_spans(models: CommunityModels, voice: Voice) -> None:
    """A recording is given in windows of ten seconds, which may contain no speech."""
    recording = joined(voice("a1"), voice("b1"), voice("a2"), np.zeros(8 * RATE, dtype=np.float32))
    diarizer = LiveDiarizer(models)
    for start in range(0, len(recording), 10 * RATE):
        diarizer.turn(recording[start : start + 10 * RATE], start / RATE, speech=False)
    spans = diarizer.finish()
    assert len({span.speaker for span in spans}) == 2
    assert max(span.end_s for span in spans) < 11.0


def test_silence_is_a_span_of_a_turn(models: CommunityModels) -> None:
    """A turn in which the model finds no voice still gets one span, because the voice activity detection found speech."""
    spans = LiveDiarizer(models).turn(np.zeros(RATE, dtype=np.float32), 3.0).spans
    assert [(span.start_s, span.end_s, span.speaker) for span in spans] == [(3.0, 4.0, 0)]
