"""Piper's voices: a fake package for its calls, the real one where it is installed."""

import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from streaming.tts import piper
from streaming.tts.base import SpeechOptions, VoiceError
from streaming.tts.piper import PACKAGED, Piper, PiperVoices

PIPER = """
import types
import numpy

class SynthesisConfig:
    def __init__(self, length_scale):
        self.length_scale = length_scale

class PiperVoice:
    config = types.SimpleNamespace(sample_rate=22050)

    @classmethod
    def load(cls, path):
        if "broken" in str(path):
            raise OSError("no such voice")
        voice = cls()
        voice.path = path
        return voice

    def synthesize(self, text, config):
        if text == "fail":
            raise RuntimeError(text)
        for word in text.split():
            yield types.SimpleNamespace(audio_float_array=numpy.full(round(100 * config.length_scale), 0.5, dtype=numpy.float64))
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bool], None]]:
    """Install a fake Piper, with or without a package that has a voice."""
    monkeypatch.setattr(piper, "PACKAGED", "pretended_voice")
    monkeypatch.delitem(sys.modules, "piper", raising=False)

    def install(voice: bool) -> None:
        (tmp_path / "piper.py").write_text(PIPER)
        if voice:
            (tmp_path / "pretended_voice.py").write_text("def model_path():\n    return 'packaged.onnx'\n")
        monkeypatch.syspath_prepend(tmp_path)

    yield install
    for name in ("piper", "pretended_voice"):
        sys.modules.pop(name, None)


def test_the_packaged_voice(installed: Callable[[bool], None], tmp_path: Path) -> None:
    """It speaks at the requested speed, as float32."""
    installed(True)
    voice = Piper().find(tmp_path / "none")
    assert voice is not None
    rate, samples = voice.synthesise("three short words", SpeechOptions(speed=2.0))
    assert (rate, samples.dtype, samples.shape) == (22_050, np.float32, (150,))
    assert voice.synthesise("", SpeechOptions())[1].shape == (0,)


def test_own_voices_by_language(installed: Callable[[bool], None], tmp_path: Path) -> None:
    """Files in the folder for voices are used, without a package: by name, by region, by language; each is loaded once it is needed."""
    installed(False)
    folder = tmp_path / "voices"
    assert Piper().find(folder) is None
    folder.mkdir()
    for name in ("en_US-b-low.onnx", "en_GB-a-low.onnx", "en_GB-a-low.onnx.json", "de_DE-c-low.onnx"):
        (folder / name).write_text("")
    voices = Piper().find(folder)
    assert isinstance(voices, PiperVoices)
    assert [voices.speaks(language) for language in ("de", "en-us", "en_AU", "fr")] == [True, True, True, False]
    wanted = {"de-AT": "de_DE-c-low", "en-us": "en_US-b-low", "en-gb": "en_GB-a-low", "en-au": "en_GB-a-low"}
    assert {language: voices._choose(SpeechOptions(language=language)).stem for language in wanted} == wanted
    assert voices._choose(SpeechOptions(voice="en_US-b-low", language="en-gb")).stem == "en_US-b-low"
    assert list(voices._loaded) == [folder / "de_DE-c-low.onnx"]
    voices.synthesise("text", SpeechOptions(language="en-us"))
    assert voices._loaded[folder / "en_US-b-low.onnx"]._voice.path == folder / "en_US-b-low.onnx"


def test_errors_do_not_contain_the_words(installed: Callable[[bool], None], tmp_path: Path) -> None:
    """A voice that cannot be loaded, and one that cannot speak, raise errors without the words."""
    installed(True)
    voice = Piper().find(tmp_path / "none")
    assert voice is not None
    with pytest.raises(VoiceError, match=r"^piper could not speak \(RuntimeError\)$"):
        voice.synthesise("fail", SpeechOptions())
    folder = tmp_path / "voices"
    folder.mkdir()
    (folder / "broken.onnx").write_text("")
    with pytest.raises(VoiceError, match=r"broken\.onnx cannot be loaded \(OSError\)"):
        Piper().find(folder)


def test_the_real_voice() -> None:
    """A sentence becomes some seconds of audio."""
    if find_spec("piper") is None or find_spec(PACKAGED) is None:
        pytest.skip(f"needs {Piper.hint}")
    voice = Piper().find(Path("none"))
    assert voice is not None
    rate, samples = voice.synthesise("The quarterly report is due on Friday.", SpeechOptions())
    assert 1 < len(samples) / rate < 5
