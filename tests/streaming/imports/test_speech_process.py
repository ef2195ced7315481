"""The speech process: the results of the recogniser, at a lower priority, and its end."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings

from streaming.imports import speech_process
from streaming.imports.file_recognition import FileRecognition, SpokenTurn
from streaming.imports.speech_process import SpeechProcessEnded
from streaming.speaker_models import SpeakersOff
from streaming.speech import engines
from streaming.speech.engines.base import Recogniser, RecogniserError, RecognitionOptions
from tests.processes import priorities

SECOND = 32_000
OPTIONS = RecognitionOptions(interims=False, live=False)
BROKEN = """
class Broken:
    languages = ("en-US",)

    def __init__(self, *options):
        raise RuntimeError("no licence file")

    load = ready = open = transcribe = close = None
    segment = columns = vectors = None
"""


@pytest.fixture(autouse=True)
def scripted(settings: LazySettings) -> Iterator[None]:
    """The scripted recogniser; no speech process is left."""
    settings.RECOGNISER = "scripted"
    yield
    speech_process.close()


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of a class that cannot be made."""
    (tmp_path / "broken_models.py").write_text(BROKEN)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "broken_models.Broken"


def audio(seconds: int) -> bytes:
    """Return two channels of noise; the right one begins a second later."""
    noise = np.random.default_rng(3).integers(-8000, 8000, seconds * 16_000, dtype=np.int16)
    return np.stack([noise, np.concatenate([np.zeros(16_000, np.int16), noise[:-16_000]])], axis=1).tobytes()


def turns(engine: Recogniser, pcm: bytes) -> list[SpokenTurn]:
    """Return the turns of a file of two channels."""
    blocks = (pcm[at : at + 2 * SECOND] for at in range(0, len(pcm), 2 * SECOND))
    return list(FileRecognition(engine, [OPTIONS, OPTIONS]).turns(blocks))


def test_the_results_are_those_of_the_recogniser(tmp_path: Path) -> None:
    """Of two channels, to the last turn of each."""
    here = engines.make("scripted", threads=2, models_dir=tmp_path)
    here.load()
    pcm = audio(21)
    try:
        expected = turns(here, pcm)
    finally:
        here.close()
    found = turns(speech_process.speech_process().recogniser, pcm)
    assert len(expected) >= 20
    for channel in (1, 2):
        assert [one.result for one in found if one.channel == channel] == [one.result for one in expected if one.channel == channel]


def test_its_priority_is_lower(settings: LazySettings) -> None:
    """That of every thread, by WORKER_NICE; the priority of this process stays."""
    settings.WORKER_NICE = 3
    before = priorities(os.getpid())
    process = speech_process.speech_process()
    turns(process.recogniser, audio(3))
    assert priorities(process.pid) == {min(19, os.getpriority(os.PRIO_PROCESS, 0) + 3)}
    assert priorities(os.getpid()) == before


def test_a_killed_process_ends_what_waits_for_it() -> None:
    """The import fails, in the middle of a file and of a call; the next one gets another process."""
    process = speech_process.speech_process()
    pcm = audio(4)

    def blocks() -> Iterator[bytes]:
        yield pcm
        os.kill(process.pid, signal.SIGKILL)
        yield pcm

    with pytest.raises(SpeechProcessEnded):
        list(FileRecognition(process.recogniser, [OPTIONS, OPTIONS]).turns(blocks()))
    with pytest.raises(SpeechProcessEnded):
        process.recogniser.transcribe(np.ones(16_000, np.float32))
    again = speech_process.speech_process()
    assert again.pid != process.pid
    assert again.recogniser.transcribe(np.ones(16_000, np.float32))


def test_an_engine_that_cannot_be_loaded(settings: LazySettings, broken: str) -> None:
    """The error has its reason; a later import tries again."""
    settings.RECOGNISER = broken
    for _ in range(2):
        with pytest.raises(RecogniserError, match="no licence file"):
            speech_process.speech_process()
    settings.RECOGNISER = "scripted"
    assert speech_process.speech_process().recogniser.ready


def test_speaker_models_that_are_off_or_broken(settings: LazySettings, broken: str) -> None:
    """Imports go on without telling speakers apart."""
    settings.SPEAKER_MODELS = "none"
    with pytest.raises(SpeakersOff, match="not told apart"):
        speech_process.models_of_speakers()
    settings.SPEAKER_MODELS = broken
    with pytest.raises(SpeakersOff, match="cannot be loaded"):
        speech_process.models_of_speakers()
    assert speech_process.speech_process().recogniser.ready
