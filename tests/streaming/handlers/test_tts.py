"""Text to speech for handlers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

import streaming
from streaming.handlers import tts as module
from streaming.handlers.context import Context, SessionContext, current_session
from streaming.handlers.tts import KokoroTTSOptions, after_pause, get_tts_model, pieces, sentences
from streaming.tts.base import SpeechOptions, VoiceError

RATE = 7000


class FakeEngine:
    """An engine with ten samples for each letter, which records the options."""

    def __init__(self, hint: str = "how", found: bool = True, languages: tuple[str, ...] = ("en",)) -> None:
        self.hint = hint
        self.found = found
        self.languages = languages
        self.is_slow = False
        self.options: list[SpeechOptions] = []

    def find(self, folder: Path) -> Any:
        """Return the engine, or None."""
        assert folder.parts[-2:] == ("models", "voices")
        return self if self.found else None

    def speaks(self, language: str) -> bool:
        """Return whether it has the language."""
        return language.partition("-")[0] in self.languages

    def synthesise(self, text: str, options: SpeechOptions) -> Any:
        """Record the options."""
        self.options.append(options)
        return RATE, np.full(10 * len(text), 0.5, dtype=np.float32)


@pytest.fixture(autouse=True)
def engines(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, FakeEngine]]:
    """Three engines, of which the second and the third are installed."""
    many = FakeEngine("pip install many", languages=("en", "de"))
    made = {"best": FakeEngine("pip install best", found=False), "plain": FakeEngine("apt install plain"), "many": many}
    monkeypatch.setattr(module, "ENGINES", made)
    get_tts_model.cache_clear()
    yield made
    get_tts_model.cache_clear()


def test_the_best_installed_engine(engines: dict[str, FakeEngine]) -> None:
    """FastRTC's name gives the best engine; others are chosen by name. The process shares one."""
    assert get_tts_model().engines == (engines["plain"], engines["many"])
    assert get_tts_model("plain").engines == (engines["plain"],)
    assert get_tts_model() is streaming.get_tts_model()
    with pytest.raises(VoiceError, match=r"^no voice is installed here: pip install best$"):
        get_tts_model("best")
    engines["plain"].found = engines["many"].found = False
    get_tts_model.cache_clear()
    with pytest.raises(VoiceError, match="pip install best, or apt install plain, or pip install many$"):
        get_tts_model("kokoro")


def test_unknown_names() -> None:
    """The error lists the known names."""
    wanted = "kokoro, best, plain, many, cartesia, or the path of a class, such as package.module:Class, not 'parrot'"
    with pytest.raises(ValueError, match=wanted):
        get_tts_model("parrot")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("One. Two!  Three?", ["One.", "Two!", "Three?"]),
        ("3.5 is a number, e.g. this\none", ["3.5 is a number, e.g.", "this one"]),
        ("", []),
        (" ... ", []),
        ("No end", ["No end"]),
        ("a\x00b\x1b[31m", ["a b [31m"]),
    ],
)
def test_sentences(text: str, wanted: list[str]) -> None:
    """A text is cut after its sentence ends; characters that cannot be spoken become blanks."""
    assert sentences(text) == wanted


@pytest.mark.usefixtures("busy_handlers")
async def test_a_text_is_synthesised_sentence_by_sentence(engines: dict[str, FakeEngine]) -> None:
    """A seventh of a second of silence separates sentences; the whole is the same audio. It needs no handler threads."""
    model = get_tts_model()
    parts = list(model.stream_tts_sync("One. Two."))
    assert [(rate, len(samples)) for rate, samples in parts] == [(RATE, 40), (RATE, 1000 + 40)]
    assert not parts[1][1][:1000].any()
    assert [len(samples) async for _, samples in model.stream_tts("One. Two.")] == [40, 1040]
    rate, whole = model.tts("One. Two.")
    assert rate == RATE
    assert np.array_equal(whole, np.concatenate([samples for _, samples in parts]))
    assert model.tts("...")[1].shape == (0,)


def test_options_reach_the_engine(engines: dict[str, FakeEngine]) -> None:
    """FastRTC's options keep their meaning; an impossible speed is refused before the synthesis."""
    model = get_tts_model()
    model.tts("Hello", KokoroTTSOptions(voice="rms", speed=1.5, lang="en-gb"))
    assert engines["plain"].options == [SpeechOptions("rms", 1.5, "en-gb")]
    with pytest.raises(ValueError, match="speed"):
        model.tts("Hello", KokoroTTSOptions(speed=9))


def test_the_language_selects_the_engine(engines: dict[str, FakeEngine]) -> None:
    """The first engine with the language speaks. A voice of Kokoro's selects its sex, and its language unless another one is given."""
    model = get_tts_model()
    model.tts("Hello")
    model.tts("Hallo", KokoroTTSOptions(lang="de"))
    assert engines["plain"].options == [SpeechOptions("af_heart", 1.0, "en-us", "f")]
    assert engines["many"].options == [SpeechOptions("af_heart", 1.0, "de", "f")]
    said = [("bm_george", "en-us"), ("ff_siwis", "en-us"), ("ef_dora", "de"), ("am_adam", "en-us")]
    for voice, lang in said:
        model.tts("Hello", KokoroTTSOptions(voice=voice, lang=lang))
    used = [(one.language, one.sex) for one in (*engines["plain"].options[1:], *engines["many"].options[1:])]
    assert used == [("en-gb", "m"), ("fr", "f"), ("en-us", "m"), ("de", "f")]


async def test_a_language_without_a_voice(engines: dict[str, FakeEngine]) -> None:
    """The best engine speaks. The client gets one warning in its session for each language, also from an asynchronous stream."""
    sent: list[Any] = []
    token = current_session.set(SessionContext(Context("a", session_id=uuid4()), sent.append))
    try:
        model = get_tts_model()
        for _ in range(2):
            assert [len(samples) async for _, samples in model.stream_tts("Hej.", KokoroTTSOptions(lang="sv"))] == [40]
        assert engines["plain"].options[-1].language == "sv"
        assert [one["type"] for one in sent] == ["warning"]
        assert "no voice for the language sv is installed here" in sent[0]["data"]
        model.tts("Hei", KokoroTTSOptions(lang="fi"))
        assert len(sent) == 2
    finally:
        current_session.reset(token)


def test_a_text_begins_at_once() -> None:
    """Of the silence at the beginning of the first sentence 10 ms are left; later sentences keep theirs, and silence stays as it is."""
    quiet, loud = np.zeros(RATE // 5, dtype=np.float32), np.full(100, 0.5, dtype=np.float32)
    spoken = (RATE, np.concatenate((quiet, loud, quiet)))
    assert len(after_pause(spoken, 0)[1]) == RATE // 100 + len(loud) + len(quiet)
    assert len(after_pause(spoken, 1)[1]) == RATE // 7 + 2 * len(quiet) + len(loud)
    assert after_pause((RATE, quiet), 0)[1] is quiet


def test_a_slow_engine_begins_with_a_part(engines: dict[str, FakeEngine]) -> None:
    """A long first sentence ends at its first comma, if that is not at its beginning; further sentences are whole."""
    text = "The library in the old town is open, but on Sundays it closes at four. It is big, too."
    assert pieces(text, engines["plain"]) == sentences(text)
    engines["plain"].is_slow = True
    parts = ["The library in the old town is open,", "but on Sundays it closes at four.", "It is big, too."]
    assert pieces(text, engines["plain"]) == parts
    assert pieces("Well, this sentence has a comma at its beginning only.", engines["plain"])[0].startswith("Well, this")
    assert pieces("Short, very short.", engines["plain"]) == ["Short, very short."]
    assert pieces("...", engines["plain"]) == []
