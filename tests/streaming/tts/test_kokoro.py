"""Kokoro's voices: a small network in place of the real one, with the real phonemes; the real one where it is installed."""

import json
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from streaming.speech import onnx_format
from streaming.tts.base import SpeechOptions, VoiceError
from streaming.tts.espeak_library import PACKAGE
from streaming.tts.kokoro import MODEL, MOST_PHONEMES, RATE, STYLE, Kokoro, KokoroFinder

VOICES = ("af_heart", "af_sky", "am_adam", "bf_emma", "ff_siwis")
SIGNS = {sign: number for number, sign in enumerate("abdefhijklmnopstuvwzæðŋɑɐɒəɚɛɜɡɪɹɾʃʊʌʒˈˌːAIOQWYʤʧθ ,.", 1)}

needs_phonemes = pytest.mark.skipif(find_spec(PACKAGE) is None, reason="needs the package espeakng-loader")


def network() -> bytes:
    """Return a network with Kokoro's inputs and output: the tokens as samples, 16-fold, at the speed."""
    nodes = [
        onnx_format.node("Cast", ["tokens"], ["floats"], [onnx_format.attribute("to", onnx_format.FLOAT)]),
        onnx_format.node("Div", ["floats", "speed"], ["played"]),
        onnx_format.node("Reshape", ["played", "flat"], ["plain"]),
        onnx_format.node("ReduceMean", ["style"], ["mean"], [onnx_format.attribute("keepdims", 0)]),
        onnx_format.node("Add", ["plain", "mean"], ["audio"]),
    ]
    inputs = [
        onnx_format.value("tokens", (1, "n"), onnx_format.INT64),
        onnx_format.value("style", (1, STYLE)),
        onnx_format.value("speed", (1,)),
    ]
    flat = onnx_format.constant("flat", np.array([-1], dtype=np.int64))
    return onnx_format.model(nodes, [flat], inputs, [onnx_format.value("audio", ("n",))])


@pytest.fixture
def voices(tmp_path: Path) -> Kokoro:
    """The small network with five voices; voice n adds n to each sample."""
    folder = tmp_path / "models" / MODEL
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(network())
    (folder / "vocab.json").write_text(json.dumps({"vocab": SIGNS}), encoding="utf-8")
    for number, name in enumerate(VOICES):
        np.full((510, STYLE), number, dtype="<f4").tofile(folder / f"{name}.bin")
    found = KokoroFinder().find(tmp_path / "models" / "voices")
    assert isinstance(found, Kokoro)
    return found


@needs_phonemes
def test_the_phonemes_of_a_text(voices: Kokoro) -> None:
    """The network gets the sounds and marks that it knows, between two zeros; English diphthongs are one sign."""
    rate, samples = voices.synthesise("Stay, Joe.", SpeechOptions("af_heart"))
    assert rate == RATE
    assert samples[0] == samples[-1] == 0
    signs = {number: sign for sign, number in SIGNS.items()}
    assert "".join(signs[int(number)] for number in samples[1:-1]) == "stˈA, ʤˈO."
    assert voices.synthesise("...!", SpeechOptions("af_heart"))[1].dtype == np.float32


@needs_phonemes
def test_languages_and_voices(voices: Kokoro) -> None:
    """The named voice speaks if it has the language, else one of the language and the sex; the speed reaches the network."""
    assert [voices.speaks(code) for code in ("en", "en_GB", "en-AU", "fr-CA", "de", "ja", "it")] == [
        True,
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    wanted = {
        ("af_sky", "en-us", "f"): "af_sky",
        ("other", "en-us", "m"): "am_adam",
        ("other", "en-gb", "m"): "bf_emma",
        ("af_sky", "fr", "f"): "ff_siwis",
        ("other", "en", ""): "af_heart",
    }
    for (voice, language, sex), name in wanted.items():
        assert voices.voice(SpeechOptions(voice, 1.0, language, sex)) == name  # type: ignore[arg-type]
    slow, fast = (voices.synthesise("No", SpeechOptions("af_heart", speed))[1] for speed in (1.0, 2.0))
    assert np.array_equal(slow, 2 * fast)
    assert voices.synthesise("No", SpeechOptions("af_sky"))[1][0] == 1


@needs_phonemes
def test_a_long_text(voices: Kokoro) -> None:
    """The network gets at most 500 phonemes at a time."""
    samples = voices.synthesise("many words " * 200, SpeechOptions("af_heart"))[1]
    ends = np.flatnonzero(samples == 0)
    assert np.diff(ends).max() <= MOST_PHONEMES + 1
    assert len(ends) >= 6


@needs_phonemes
def test_a_broken_installation(tmp_path: Path) -> None:
    """The error says what to do."""
    (tmp_path / MODEL).mkdir()
    (tmp_path / MODEL / "model.onnx").write_bytes(b"broken")
    with pytest.raises(VoiceError, match=r"cannot be loaded \(\w+\): manage.py getmodel kokoro"):
        KokoroFinder().find(tmp_path / "voices")
    assert KokoroFinder().find(tmp_path / "nothing" / "voices") is None


@needs_phonemes
def test_the_real_voices() -> None:
    """A sentence becomes some seconds of audio, in each language."""
    found = KokoroFinder().find(settings.BASE_DIR / ".cache" / "models" / "voices")
    if found is None:
        pytest.skip("needs DATA_DIR=.cache manage.py getmodel kokoro")
    for language, text in (("en-us", "The report is due on Friday."), ("fr", "Bonjour, où est la gare ?")):
        rate, samples = found.synthesise(text, SpeechOptions(language=language))
        assert 1 < len(samples) / rate < 4
        assert np.abs(samples).max() > 0.05


def test_every_voice_of_the_list_has_a_language() -> None:
    """The names of the files that `getmodel kokoro` fetches."""
    from streaming.management.commands.getmodel import MODELS

    names = [file.name for file in MODELS["kokoro"] if file.name.endswith(".bin")]
    assert len(names) == 41
    assert all(re.fullmatch(r"[abefhip][fm]_[a-z]+\.bin", name) for name in names)
