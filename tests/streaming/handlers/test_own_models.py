"""`get_stt_model` and `get_tts_model` with the path of a class: small real models, a recogniser, and classes that cannot be used."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streaming import get_stt_model, get_tts_model
from streaming.handlers.stt import OwnModel, OwnRecogniser
from streaming.tts.base import VoiceError
from tests.servers import ROOT
from tests.streaming.handlers.touch_tones import RATE, TONE_S, TouchToneDecoder

HERE = "tests.streaming.handlers.touch_tones"
ENGINES = "tests.streaming.speech.own_engines"
DIGIT = round(RATE * TONE_S)


@pytest.mark.parametrize("voice", ["TouchToneEngine", "TouchToneVoice"])
async def test_speech_of_an_own_voice_is_read_by_an_own_model(voice: str) -> None:
    """Digits become tones and digits again, with either method of a voice; sentences come one by one, also asynchronously."""
    model, decoder = get_tts_model(f"{HERE}:{voice}"), get_stt_model(f"{HERE}:TouchToneDecoder")
    audio = model.tts("107")
    assert (audio[0], audio[1].dtype, audio[1].shape) == (RATE, np.float32, (3 * DIGIT,))
    assert decoder.stt(audio) == "1 0 7"
    assert decoder.stt_for_chunks(audio, [{"start": 0, "end": DIGIT}, {"start": 2 * DIGIT, "end": 3 * DIGIT}]) == "1 7"
    pause = RATE // 7
    assert [len(samples) for _, samples in model.stream_tts_sync("12. 3.")] == [2 * DIGIT, pause + DIGIT]
    assert [len(samples) async for _, samples in model.stream_tts("12. 3.")] == [2 * DIGIT, pause + DIGIT]


def test_one_object_for_the_same_arguments() -> None:
    """Options reach the class; a dot works as a colon does."""
    model = get_stt_model(f"{HERE}:TouchToneDecoder", separator="")
    assert model is get_stt_model(f"{HERE}:TouchToneDecoder", separator="")
    assert isinstance(model, OwnModel)
    assert isinstance(model.model, TouchToneDecoder)
    assert model.stt(get_tts_model(f"{HERE}.TouchToneEngine").tts("42")) == "42"
    with pytest.raises(TypeError, match="colour"):
        get_stt_model(f"{HERE}:TouchToneDecoder", colour="red")


def test_a_voice_that_streams_by_itself() -> None:
    """Its own parts are yielded, and its options are passed on as they are."""
    parts = list(get_tts_model(f"{HERE}:StreamingVoice").stream_tts_sync("123", 0.5))
    assert [len(samples) for _, samples in parts] == [DIGIT] * 3
    assert max(np.abs(samples).max() for _, samples in parts) < 0.3


def test_a_recogniser() -> None:
    """A class for the setting RECOGNISER is made, loaded on its first use and used beside that of the installation."""
    model = get_stt_model(f"{ENGINES}:Underived")
    assert isinstance(model, OwnRecogniser)
    assert model._engine is None
    assert model.stt((16_000, np.zeros(16_000, dtype=np.int16))) == "Underived."


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("nothing_like_that:Model", r"the module nothing_like_that cannot be imported \(ModuleNotFoundError"),
        (f"{HERE}:Missing", f"the module {HERE} has no class Missing"),
        (f"{HERE}:RATE", f"the module {HERE} has no class RATE"),
        (":Model", "':Model' is no path of a class"),
        ("package:", "'package:' is no path of a class"),
    ],
)
def test_a_path_that_names_no_class(path: str, error: str) -> None:
    """The error is the same for both, and says what is missing."""
    for get in (get_stt_model, get_tts_model):
        with pytest.raises(ValueError, match=error):
            get(path)


def test_classes_that_cannot_be_used() -> None:
    """The error names the class and what it lacks, or what it returns; never the text."""
    with pytest.raises(ValueError, match=r"Unrelated lacks stt\(audio\) -> str"):
        get_stt_model(f"{HERE}:Unrelated")
    with pytest.raises(ValueError, match=r"Unrelated lacks synthesise\(text, options\) or tts\(text, options\)"):
        get_tts_model(f"{HERE}:Unrelated")
    with pytest.raises(ValueError, match=r"AsyncDecoder\.stt must be a plain method"):
        get_stt_model(f"{HERE}:AsyncDecoder")
    with pytest.raises(ValueError, match=r"the class WithoutModel lacks languages, load_model"):
        get_stt_model(f"{ENGINES}:WithoutModel")
    with pytest.raises(TypeError, match=r"WrongDecoder\.stt must return str, not int"):
        get_stt_model(f"{HERE}:WrongDecoder").stt((RATE, np.zeros(10, dtype=np.int16)))
    with pytest.raises(VoiceError, match=r"^WrongVoice\.synthesise must return \(rate, array\)") as refused:
        get_tts_model(f"{HERE}:WrongVoice").tts("secret")
    assert "secret" not in str(refused.value)


def test_unknown_names_and_options() -> None:
    """A name that is neither a model's nor a path is refused; options are for classes only."""
    with pytest.raises(ValueError, match="moonshine/tiny, or the path of a class, such as package.module:Class, not 'whisper'"):
        get_stt_model("whisper")
    with pytest.raises(TypeError, match="the options beam are for a class of your own"):
        get_stt_model("moonshine/base", beam=5)


def test_the_listings_of_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The classes of the guide are found by their path, and its stream answers with their audio."""
    guide = (ROOT / "docs" / "guide" / "speech-engines.md").read_text()
    [tones] = re.findall(r"```python\n# mycompany/tones\.py\n(.*?)```", guide, re.DOTALL)
    [streams] = re.findall(r"```python\n# myapp/streams\.py\n(.*?)```", guide, re.DOTALL)
    (tmp_path / "mycompany").mkdir()
    (tmp_path / "mycompany" / "tones.py").write_text(tones)
    monkeypatch.syspath_prepend(tmp_path)
    program: dict[str, Any] = {}
    exec(streams, program)
    loud = np.full((1, 16_000), 8_000, dtype=np.int16)
    for audio in (loud, loud // 100):
        [(rate, samples)] = program["respond"]((16_000, audio))
        assert (rate, samples.dtype, len(samples)) == (16_000, np.float32, 4_800)
    assert [program["listen"].stt((16_000, audio)) for audio in (loud, loud // 100)] == ["loud", "quiet"]
