"""eSpeak NG as a library: the real one, where its package is installed."""

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from streaming.tts.base import SpeechOptions
from streaming.tts.espeak_library import PACKAGE, Espeak, EspeakLibrary

TEXT = "Guten Morgen, liebe Leute."


@pytest.fixture(scope="module")
def library() -> EspeakLibrary:
    """The loaded library."""
    if find_spec(PACKAGE) is None:
        pytest.skip("needs the package espeakng-loader")
    found = Espeak().find(Path("none"))
    assert isinstance(found, EspeakLibrary)
    return found


def test_it_speaks_many_languages(library: EspeakLibrary) -> None:
    """Languages by code, with or without a region; an unknown region gives the language."""
    assert len(library.voices) > 80
    assert all(library.speaks(language) for language in ("en", "en-us", "en_GB", "de", "de-AT", "fr", "es", "it", "pl", "zh", "no"))
    assert not library.speaks("tlh-x")
    assert (library._code("en"), library._code("fr"), library._code("de-CH"), library._code("zh")) == ("en-us", "fr-fr", "de", "cmn")


def test_every_language_has_its_voice(library: EspeakLibrary) -> None:
    """Each code of the list can be spoken; regions and languages sound different."""
    for language in library.voices:
        assert len(library.synthesise("1", SpeechOptions(language=language))[1]), language
    lengths = {len(library.synthesise("Bonjour table 12", SpeechOptions(language=code))[1]) for code in ("fr", "en-gb", "en-us", "es")}
    assert len(lengths) == 4


def test_it_speaks(library: EspeakLibrary) -> None:
    """Seconds of audio; the language and the sex change the sound, the speed its length."""
    rate, german = library.synthesise(TEXT, SpeechOptions(language="de"))
    assert german.dtype == np.float32
    assert 1 < len(german) / rate < 4
    assert 0.05 < np.abs(german).max() <= 1
    for other in (SpeechOptions(language="en"), SpeechOptions(language="de", sex="f")):
        samples = library.synthesise(TEXT, other)[1]
        assert samples.shape != german.shape or not np.array_equal(samples, german)
    fast = library.synthesise(TEXT, SpeechOptions(language="de", speed=2.0))[1]
    assert len(fast) < 0.8 * len(german)
    assert len(library.synthesise("", SpeechOptions())[1]) < 0.1 * rate


def test_threads_do_not_mix_their_audio(library: EspeakLibrary) -> None:
    """Texts of several threads at once sound as they do alone."""
    texts = [f"Number {number} of many." for number in range(12)]
    alone = [library.synthesise(text, SpeechOptions())[1] for text in texts]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda text: library.synthesise(text, SpeechOptions())[1], texts))
    assert all(abs(len(one) - len(other)) <= 0.02 * len(one) for one, other in zip(alone, together, strict=True))
