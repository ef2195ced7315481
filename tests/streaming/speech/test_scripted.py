"""The scripted recogniser, and the choice of a recogniser."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streaming.audio.codecs import open_decoder
from streaming.speech.engines import make
from streaming.speech.engines.base import Recogniser, RecogniserError, Recognition, RecognitionOptions
from tests.streaming.speech.fakes import Notes, chunks

SECOND = np.tile(np.array([4000, -4000], dtype="<i2"), 8_000).tobytes()


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Callable[..., Recogniser]]:
    """Load scripted recognisers that are closed with the test; without a script, the default sentences."""
    loaded: list[Recogniser] = []

    def begin(script: Any = None) -> Recogniser:
        file = tmp_path / "script.json"
        if script is not None:
            file.write_text(json.dumps(script))
        recogniser = make("scripted", threads=1, models_dir=tmp_path, script=str(file) if script is not None else "")
        recogniser.load()
        loaded.append(recogniser)
        return recogniser

    yield begin
    for recogniser in loaded:
        recogniser.close()


def listen(recogniser: Recogniser, interims: bool = True) -> tuple[Recognition, Notes]:
    """Open a recognition of LINEAR16 at 16 kHz."""
    notes = Notes()
    return recogniser.open(RecognitionOptions(interims=interims), open_decoder("LINEAR16", 16_000), notes), notes


def test_results_follow_the_script(load: Callable[..., Recogniser]) -> None:
    """Entries come at their second of audio, those without a time at the end; words are evenly spread."""
    script = [
        {"after": 1.0, "text": "Good", "final": False},
        {"after": 2.0, "text": "Good morning.", "start": 0.5, "end": 1.5, "confidence": 0.8},
        {"after": 60.0, "text": "Too late."},
        {"text": "Good bye."},
    ]
    recognition, notes = listen(load(script))
    for chunk in chunks(SECOND * 3):
        recognition.feed(chunk)
    assert notes.wait(lambda: len(notes.results) == 2)
    recognition.stop()
    assert notes.done.wait(30)
    assert [(h.text, h.is_final, h.start, h.end, h.turn) for h in notes.results] == [
        ("Good", False, 0.0, 1.0, 1),
        ("Good morning.", True, 0.5, 1.5, 1),
        ("Good bye.", True, 1.5, 3.0, 2),
    ]
    assert [(w.text, w.start, w.end, w.confidence) for w in notes.results[1].words] == [
        ("Good", 0.5, 1.0, 0.8),
        ("morning.", 1.0, 1.5, 0.8),
    ]
    assert notes.starts == [0.0, 1.5]
    assert notes.ends == 1


def test_a_script_for_each_recognition(load: Callable[..., Recogniser]) -> None:
    """Recognitions get the scripts in order, and again from the first."""
    recogniser = load({"recognitions": [[{"text": "One."}], [{"text": "Two."}]]})
    texts = []
    for _ in range(3):
        recognition, notes = listen(recogniser)
        recognition.stop()
        assert notes.done.wait(30)
        texts.append(notes.text)
    assert texts == ["One.", "Two.", "One."]


def test_without_a_script_two_seconds_are_a_sentence(load: Callable[..., Recogniser]) -> None:
    """Silence does not count; the rest at the end is one more sentence."""
    recognition, notes = listen(load())
    for part in (SECOND * 3, bytes(32_000), SECOND * 2):
        recognition.feed(part)
    recognition.stop()
    assert notes.done.wait(30)
    assert len(notes.finals) == 3
    assert [h.turn for h in notes.results] == [1, 1, 2, 2, 3]
    assert len({h.text for h in notes.finals}) == 3


def test_interims_only_on_request(load: Callable[..., Recogniser]) -> None:
    """The finals are the same without interims."""
    recognition, notes = listen(load(), interims=False)
    recognition.feed(SECOND * 4)
    recognition.stop()
    assert notes.done.wait(30)
    assert [h.is_final for h in notes.results] == [True, True]


def test_a_bad_chunk_a_switch_and_an_end(load: Callable[..., Recogniser]) -> None:
    """The error is reported, the new decoder is used, and chunks after stop are ignored."""
    recognition, notes = listen(load())
    recognition.feed(b"odd")
    recognition.switch(open_decoder("MULAW", 8_000))
    recognition.feed((b"\x00" * 8 + b"\x80" * 8) * 1_000)
    recognition.stop()
    recognition.stop()
    recognition.feed(SECOND)
    assert notes.done.wait(30)
    assert len(notes.errors) == 1
    assert len(notes.finals) == 1
    assert (recognition.backlog, notes.ends) == (0.0, 1)


def test_a_long_backlog_drains(load: Callable[..., Recogniser]) -> None:
    """A recognition with a long backlog reports when it is processed."""
    recognition, notes = listen(load())
    recognition.feed(SECOND * 30)
    recognition.stop()
    assert notes.done.wait(30)
    assert notes.drains == 1


def test_abandoned(load: Callable[..., Recogniser]) -> None:
    """No callback is called after abandon."""
    recogniser = load()
    recognition, notes = listen(recogniser)
    recognition.abandon()
    recognition.feed(SECOND * 4)
    recognition.stop()
    other, others = listen(recogniser)
    other.stop()
    assert others.done.wait(30)
    assert (notes.results, notes.ends) == ([], 0)


@pytest.mark.parametrize("content", ["no json", "[{}]", '[{"text": "a", "wrong": 1}]', "{}", '{"recognitions": []}', "[3]"])
def test_an_invalid_script(tmp_path: Path, content: str) -> None:
    """The error names the setting and the file."""
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(RecogniserError, match=r"RECOGNISER_SCRIPT: bad\.json"):
        make("scripted", threads=1, models_dir=tmp_path, script=str(tmp_path / "bad.json")).load()


def test_not_loaded_or_closed(tmp_path: Path) -> None:
    """A recogniser that is not ready reports it and opens nothing."""
    recogniser = make("scripted", threads=1, models_dir=tmp_path)
    assert not recogniser.ready
    with pytest.raises(RecogniserError, match="not loaded"):
        listen(recogniser)
    recogniser.load()
    assert recogniser.ready
    recogniser.close()
    assert not recogniser.ready


def test_an_unknown_recogniser(tmp_path: Path) -> None:
    """The error lists the known ones."""
    with pytest.raises(ValueError, match="allowed are moonshine, scripted, or the dotted path"):
        make("whisper", threads=1, models_dir=tmp_path)


def test_transcriptions(load: Callable[..., Recogniser], tmp_path: Path) -> None:
    """Segments of audio get the transcriptions of the script in order; silence has none."""
    script = tmp_path / "transcriptions.json"
    script.write_text('{"transcriptions": ["one two", "three"]}')
    recogniser = make("scripted", threads=1, models_dir=tmp_path, script=str(script))
    loud = np.full(16_000, 0.1, dtype=np.float32)
    with pytest.raises(RecogniserError, match="not loaded"):
        recogniser.transcribe(loud)
    recogniser.load()
    texts = [" ".join(word.text for word in recogniser.transcribe(audio)) for audio in (loud, 0 * loud, loud, loud)]
    assert texts == ["one two", "", "three", "one two"]
    first, last = recogniser.transcribe(loud, ((0.2, 0.6),))[0], recogniser.transcribe(loud, ((0.2, 0.6),))[-1]
    assert (first.start, last.end) == (0.2, 0.6)
    recogniser.close()


@pytest.mark.parametrize("texts", ["[]", '"one"', "[1]"])
def test_invalid_transcriptions(tmp_path: Path, texts: str) -> None:
    """The error names the setting and the file."""
    (tmp_path / "bad.json").write_text(f'{{"transcriptions": {texts}}}')
    with pytest.raises(RecogniserError, match=r"RECOGNISER_SCRIPT: transcriptions in bad\.json"):
        make("scripted", threads=1, models_dir=tmp_path, script=str(tmp_path / "bad.json")).load()


def test_languages(tmp_path: Path) -> None:
    """The language is English, unless the script names others."""
    script = tmp_path / "spanish.json"
    script.write_text('{"recognitions": [[]], "languages": ["es-ES"]}')
    spanish, plain = (make("scripted", threads=1, models_dir=tmp_path, script=path) for path in (str(script), ""))
    for recogniser in (spanish, plain):
        recogniser.load()
        recogniser.close()
    assert (spanish.languages, plain.languages) == (("es-ES",), ("en-US", "en-GB"))


@pytest.mark.parametrize("languages", ["[]", '"es"', "[1]"])
def test_invalid_languages(tmp_path: Path, languages: str) -> None:
    """The error names the setting and the file."""
    (tmp_path / "bad.json").write_text(f'{{"languages": {languages}}}')
    with pytest.raises(RecogniserError, match=r"RECOGNISER_SCRIPT: languages in bad\.json"):
        make("scripted", threads=1, models_dir=tmp_path, script=str(tmp_path / "bad.json")).load()
