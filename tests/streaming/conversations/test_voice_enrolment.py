"""Voices that enrol: real clips of two people, and the real speaker models."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from insights.imports import waiting_files
from insights.voice_enrolment import EnrolledVoice, EnrolmentRefused, SampleProblem
from streaming import speaker_models
from streaming.audio.pcm import linear16
from streaming.conversations.voice_enrolment import SpeakerEnroller
from streaming.imports.enrolment_recording import audio_of
from streaming.speech.speakers import EnrolledVoices, LiveDiarizer
from streaming.speech.speakers.profiles import profile_vector
from streaming.speech.speakers.tuning import Tuning
from tests.speech.talk import talk
from tests.streaming.audio.media_files import wav as file_of

SILENCE = bytes(2 * 16_000 * 4)


@pytest.fixture(scope="module", autouse=True)
def _models() -> Iterator[None]:
    """Load the models once."""
    speaker_models.begin_loading().result()
    yield
    speaker_models.forget()


@pytest.fixture(autouse=True)
def _data(settings: Any, tmp_path: Path) -> None:
    """A folder for uploads."""
    settings.DATA_DIR = tmp_path


def sample(*clips: str) -> bytes:
    """Return the audio of clips."""
    return talk(*clips)[0]


def enrolled(name: str, voice: EnrolledVoice) -> EnrolledVoices:
    """Return a voice, ready to be compared."""
    vector = profile_vector([(one.values, one.seconds) for one in voice.vectors], Tuning())
    return EnrolledVoices({name: vector}, speaker_models.begin_loading().result())


def test_three_sentences_of_one_person() -> None:
    """Each sentence gives a vector, and the person is found in other words of theirs, the other person is not."""
    voice = SpeakerEnroller(audio_of).from_samples([sample("a1"), sample("a1"), sample("a1")])
    assert voice.model == "community"
    assert len(voice.vectors) == 3
    assert voice.seconds > 6.0
    diarizer = LiveDiarizer(speaker_models.begin_loading().result(), expected=2)
    samples = linear16(sample("a2", "b2"))
    diarizer.turn(samples, 0.0)
    (found,) = diarizer.identify(enrolled("Ada", voice)).items()
    speaker, match = found
    assert match.key == "Ada"
    spans = [span for span in diarizer.spans() if span.speaker == speaker]
    assert all(span.end_s < len(samples) / 16_000 / 2 + 0.5 for span in spans), "the first half is hers"


@pytest.mark.parametrize(
    ("samples", "problem", "place"),
    [
        ([sample("a1"), sample("b1"), sample("a2")], SampleProblem.DIFFERENT, None),
        ([sample("a1"), SILENCE, sample("a2")], SampleProblem.SHORT, 1),
        ([sample("a1"), sample("a2"), sample("a1", "b1")], SampleProblem.SEVERAL, 2),
        ([sample("a1"), b"", sample("a2")], SampleProblem.FORMAT, 1),
        ([sample("a1")[:-1]], SampleProblem.FORMAT, 0),
        ([sample("a1") * 20], SampleProblem.FORMAT, 0),
        ([sample("a1")], SampleProblem.SHORT, None),
        ([], SampleProblem.SHORT, None),
    ],
)
def test_refused_samples(samples: list[bytes], problem: SampleProblem, place: int | None) -> None:
    """The problem names the sample, if it is one."""
    with pytest.raises(EnrolmentRefused) as refused:
        SpeakerEnroller(audio_of).from_samples(samples)
    assert (refused.value.problem, refused.value.sample) == (problem, place)


def recording(*clips: str) -> bytes:
    """Return clips as a WAV file."""
    return file_of(np.frombuffer(sample(*clips), "<i2").reshape(-1, 1), 16_000)


def test_a_recording_of_one_person() -> None:
    """A longer one is cut into parts; no file is left."""
    (short,) = SpeakerEnroller(audio_of).from_recording(recording("a1", "a2", "a1")).vectors
    assert short.seconds > 6.0
    assert len(SpeakerEnroller(audio_of).from_recording(recording(*("a1", "a2") * 5)).vectors) == 2
    assert list(waiting_files.folder().iterdir()) == []


@pytest.mark.parametrize(
    ("content", "problem", "detail"),
    [
        (b"no sound", SampleProblem.FORMAT, "the file is damaged"),
        (b"", SampleProblem.FORMAT, "the file is damaged"),
        (recording(*("a1",) * 25), SampleProblem.FORMAT, "the file is longer than 90 seconds"),
        (recording("a1"), SampleProblem.SHORT, ""),
        (recording("a1", "b1", "a2"), SampleProblem.SEVERAL, ""),
    ],
)
def test_refused_recordings(content: bytes, problem: SampleProblem, detail: str) -> None:
    """What cannot be used says why, and leaves no file."""
    with pytest.raises(EnrolmentRefused) as refused:
        SpeakerEnroller(audio_of).from_recording(content)
    assert (refused.value.problem, refused.value.detail[: len(detail) or None]) == (problem, detail)
    assert list(waiting_files.folder().iterdir()) == []


def test_voices_of_a_conversation() -> None:
    """The state of a diarization gives the vector of each voice with enough speech; one of another version gives none."""
    diarizer = LiveDiarizer(speaker_models.begin_loading().result(), expected=2)
    at = 0.0
    for clip in ("a1", "b1", "a2", "b2"):
        samples = linear16(sample(clip))
        diarizer.turn(samples, at)
        at += len(samples) / 16_000
    voices = SpeakerEnroller(audio_of).from_state(diarizer.state())
    assert set(voices) <= {0, 1}
    assert voices
    for number, voice in voices.items():
        known = diarizer.voice(number)
        assert known is not None
        np.testing.assert_allclose(voice.vectors[0].values, known, atol=0.02)  # stored with 16 bits
    assert SpeakerEnroller(audio_of).from_state(b'{"version": 99}') == {}


def test_models_that_are_off(settings: Any) -> None:
    """Without speaker models nobody can enrol."""
    speaker_models.forget()
    settings.SPEAKER_MODELS = "none"
    with pytest.raises(EnrolmentRefused) as refused:
        SpeakerEnroller(audio_of).from_samples([sample("a1")])
    assert refused.value.problem == SampleProblem.OFF
    speaker_models.forget()
