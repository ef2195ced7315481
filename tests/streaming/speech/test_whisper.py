"""Whisper behind the interface of speech engines: languages, translations, and the language that is found in the audio."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from streaming.audio.pcm import RATE
from streaming.conversations.recognition_options import not_understood
from streaming.speech.engines import make
from streaming.speech.engines.base import AUTO, EngineOptions, RecogniserError, RecognitionOptions
from streaming.speech.engines.log_mel import BANDS, HOP, log_mel
from streaming.speech.engines.moonshine import LANGUAGES
from streaming.speech.engines.multilingual import LanguageEvidence, MultilingualRecogniser
from streaming.speech.engines.whisper import Whisper, repeats
from tests.models import whisper_models
from tests.speech.languages import SAID, spoken
from tests.speech.talk import talk


def samples(content: bytes) -> np.ndarray:
    return np.frombuffer(content, "<i2").astype(np.float32) / 32_768


@pytest.fixture(scope="module")
def engine() -> Iterator[MultilingualRecogniser]:
    """The embedded recogniser with whisper-base."""
    recogniser = make("moonshine", threads=2, models_dir=whisper_models())
    assert isinstance(recogniser, MultilingualRecogniser)
    recogniser.load()
    yield recogniser
    recogniser.close()


def test_the_spectrogram_is_that_of_whisper() -> None:
    """A tone of 1 kHz is loudest in its band; silence is the floor, eight powers of ten (two units) below; the shape is that asked for."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    found = log_mel(tone, 200)
    assert found.shape == (BANDS, 200)
    assert found.dtype == np.float32
    assert int(found[:, 50].argmax()) == pytest.approx(25, abs=1)  # 1 kHz is the 27th of 80 equal steps on this scale
    assert found.max() - found[:, RATE // HOP + 5 :].max() == pytest.approx(2.0)


@pytest.mark.parametrize(("language", "name"), [("de-DE", "de_b"), ("fr-FR", "fr_a"), ("es", "es_a")])
def test_languages_by_their_code(engine: MultilingualRecogniser, language: str, name: str) -> None:
    """A turn in a language is written in that language, whatever the region; a translation comes only where it is wanted."""
    turns = engine.transcriber(RecognitionOptions(language))
    transcript = turns.final(samples(spoken(name)), ())
    words = " ".join(word.text for word in transcript.words).lower()
    expected = [word.strip("¿?.").lower() for word in SAID[name].split() if len(word) > 5 and "tausend" not in word]
    assert sum(word in words for word in expected) >= 0.8 * len(expected), words
    assert transcript.confidence > 0.7
    assert (transcript.language, transcript.translation) == (None, "")


def test_a_translation_is_a_second_text(engine: MultilingualRecogniser) -> None:
    """With `translate`, a final has an English text besides its own, and an interim has none."""
    turns = engine.transcriber(RecognitionOptions("de", translate=True))
    audio = samples(spoken("de_c"))
    final, interim = turns.final(audio, ()), turns.interim(audio, ())
    assert "nächste Woche" in " ".join(word.text for word in final.words)
    assert "next week" in final.translation
    assert interim.words
    assert interim.translation == ""


def test_the_language_is_found(engine: MultilingualRecogniser) -> None:
    """`auto` finds the language in the first turn, tells it with each result, and keeps to it."""
    turns = engine.transcriber(RecognitionOptions(AUTO))
    first = turns.interim(samples(spoken("fr_a"))[: 3 * RATE], ())
    assert first.language is not None
    assert first.language.code == "fr"
    found = [turns.final(samples(spoken(name)), ()).language for name in ("fr_a", "de_c")]
    assert [one and (one.code, one.is_settled) for one in found] == [("fr", True), ("fr", True)]


def test_english_stays_with_moonshine(engine: MultilingualRecogniser) -> None:
    """English audio is decoded by Moonshine, also when its language was found."""
    audio = samples(talk("a1")[0])
    plain = engine.final(audio)
    found = engine.transcriber(RecognitionOptions(AUTO)).final(audio, ())
    assert engine.transcriber(RecognitionOptions("en-GB")) is engine
    assert found.language is not None
    assert found.language.code == "en"
    assert found.words == plain.words


def test_silence_has_no_words(engine: MultilingualRecogniser) -> None:
    """Silence has no words, or ones that are so uncertain that they are dropped."""
    transcript = engine.transcriber(RecognitionOptions("de")).final(np.zeros(2 * RATE, np.float32), ())
    assert not transcript.words or transcript.confidence < 0.5


def test_all_languages_are_listed(engine: MultilingualRecogniser) -> None:
    """English has its regions; the 98 others and `auto` follow; nothing is left to fetch."""
    assert engine.languages[: len(LANGUAGES)] == LANGUAGES
    assert {AUTO, "de", "fr", "es", "ja", "zh", "cy"} <= set(engine.languages)
    assert len(engine.languages) == len(LANGUAGES) + 1 + 98
    assert engine.more_languages == ""
    assert "whisper-base" in engine.model


def test_without_the_model(tmp_path: Path) -> None:
    """Without the model there is English only, and the command is named."""
    recogniser = make("moonshine", threads=1, models_dir=tmp_path)
    recogniser.load()
    assert tuple(recogniser.languages) == LANGUAGES
    assert "manage.py getmodel whisper-base" in recogniser.more_languages
    assert not_understood(recogniser).endswith("(manage.py getmodel whisper-base adds 98 languages and 'auto')")
    recogniser.close()


def test_a_broken_model(tmp_path: Path) -> None:
    """Files that are no model leave English working, and the reason is given to whoever asks for another language."""
    folder = tmp_path / "whisper-base"
    folder.mkdir()
    for name in ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt"):
        (folder / name).write_text("{}")
    recogniser = MultilingualRecogniser(EngineOptions(1, tmp_path))
    recogniser.load()
    assert tuple(recogniser.languages) == LANGUAGES
    assert "whisper-base cannot be loaded" in recogniser.more_languages
    recogniser.close()
    with pytest.raises(RecogniserError, match="cannot be loaded"):
        Whisper(folder, 1)


def test_repeated_tokens() -> None:
    """Four tokens or more that come twice in a row are a repetition; three, or ones that are apart, are none."""
    assert repeats([9, 1, 2, 3, 4, 1, 2, 3, 4])
    assert not repeats([1, 2, 3, 1, 2, 3])
    assert not repeats([1, 2, 3, 4, 5, 1, 2, 3, 4])
    assert not repeats([])


def test_evidence_for_a_language() -> None:
    """A sure turn settles the language; unsure ones count together by their length until there is enough; it never changes after that."""
    sure = LanguageEvidence()
    assert not sure.guess({"de": 0.99, "nl": 0.01}, 0.5).is_settled
    assert sure.found is None
    assert sure.add({"de": 0.99, "nl": 0.01}, 2.0).is_settled
    assert sure.add({"en": 1.0}, 20.0).code == "de"
    unsure = LanguageEvidence()
    assert [unsure.add({"de": 0.6, "nl": 0.4}, 2.0).is_settled, unsure.add({"de": 0.3, "nl": 0.7}, 2.0).is_settled] == [False, False]
    assert unsure.found is not None
    assert unsure.found.code == "nl"
    assert unsure.add({"nl": 0.6, "de": 0.4}, 3.0).is_settled
