"""A voice for handlers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import streaming
from streaming.handlers import tts as module
from streaming.handlers.tts import KokoroTTSOptions, get_tts_model, sentences
from streaming.tts.base import SpeechOptions, VoiceError

RATE = 7000


class Pretended:
    """An engine: ten samples for each letter, and a note of how it was to be said."""

    def __init__(self, hint: str = "how", found: bool = True) -> None:
        self.hint = hint
        self.found = found
        self.options: list[SpeechOptions] = []

    def find(self, folder: Path) -> Any:
        """Be found, or not."""
        assert folder.parts[-2:] == ("models", "voices")
        return self if self.found else None

    def synthesise(self, text: str, options: SpeechOptions) -> Any:
        """Note the options."""
        self.options.append(options)
        return RATE, np.full(10 * len(text), 0.5, dtype=np.float32)


@pytest.fixture(autouse=True)
def engines(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Pretended]]:
    """Two engines, the second of which is installed."""
    made = {"best": Pretended("pip install best", found=False), "plain": Pretended("apt install plain")}
    monkeypatch.setattr(module, "ENGINES", made)
    get_tts_model.cache_clear()
    yield made
    get_tts_model.cache_clear()


def test_the_best_that_is_installed(engines: dict[str, Pretended]) -> None:
    """For FastRTC's name; one's own can be asked for by name. One voice for the whole process."""
    assert get_tts_model()._engine is engines["plain"]
    assert get_tts_model("plain")._engine is engines["plain"]
    assert get_tts_model() is streaming.get_tts_model()
    with pytest.raises(VoiceError, match=r"^no voice is installed here: pip install best$"):
        get_tts_model("best")
    engines["plain"].found = False
    get_tts_model.cache_clear()
    with pytest.raises(VoiceError, match="pip install best, or apt install plain$"):
        get_tts_model("kokoro")


def test_names_that_nobody_knows() -> None:
    """They are refused with those that are known; a service with what to do instead."""
    with pytest.raises(ValueError, match="kokoro, best, plain, not 'parrot'"):
        get_tts_model("parrot")
    with pytest.raises(ValueError, match="outside service"):
        get_tts_model("cartesia", cartesia_api_key="x")


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
    """Cut behind their ends; signs that cannot be said are blanks."""
    assert sentences(text) == wanted


@pytest.mark.usefixtures("busy_handlers")
async def test_a_text_is_said_sentence_by_sentence(engines: dict[str, Pretended]) -> None:
    """With a seventh of a second of silence between them; all at once it is the same sound. No handler's threads are needed."""
    model = get_tts_model()
    parts = list(model.stream_tts_sync("One. Two."))
    assert [(rate, len(samples)) for rate, samples in parts] == [(RATE, 40), (RATE, 1000 + 40)]
    assert not parts[1][1][:1000].any()
    assert [len(samples) async for _, samples in model.stream_tts("One. Two.")] == [40, 1040]
    rate, whole = model.tts("One. Two.")
    assert rate == RATE
    assert np.array_equal(whole, np.concatenate([samples for _, samples in parts]))
    assert model.tts("...")[1].shape == (0,)


def test_options_reach_the_engine(engines: dict[str, Pretended]) -> None:
    """FastRTC's, by their meaning; a speed that cannot be is refused before anything is said."""
    model = get_tts_model()
    model.tts("Hello", KokoroTTSOptions(voice="rms", speed=1.5, lang="en-gb"))
    assert engines["plain"].options == [SpeechOptions("rms", 1.5, "en-gb")]
    with pytest.raises(ValueError, match="speed"):
        model.tts("Hello", KokoroTTSOptions(speed=9))
