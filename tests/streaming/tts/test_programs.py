"""Voices of programs: a fake program for its calls, the real ones where they are installed."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streaming.tts.base import SpeechOptions, VoiceError
from streaming.tts.programs import ESPEAK, FLITE, SpeechProgram

SECRET = "zeppelin, $(date) & 'more' — \"words\""
PRETENDED = """#!{python}
import json, sys, wave
arguments = sys.argv[1:]
text = open(arguments[arguments.index("-f") + 1]).read()
json.dump({{"arguments": arguments, "text": text}}, open({note!r}, "w"))
if {code}:
    print(text, file=sys.stderr)
    sys.exit({code})
with wave.open(arguments[arguments.index("-o" if "-o" in arguments else "-w") + 1], "w") as out:
    out.setnchannels(1), out.setsampwidth(2), out.setframerate(16000), out.writeframes(b"\\x00\\x40" * 1600)
"""
Pretend = Callable[..., Callable[[], dict[str, Any]]]


@pytest.fixture
def fake_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Install a program of that name that records its call."""

    def install(name: str, code: int = 0) -> Callable[[], dict[str, Any]]:
        note = tmp_path / "note.json"
        program = tmp_path / name
        program.write_text(PRETENDED.format(python=sys.executable, note=str(note), code=code))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        return lambda: dict(json.loads(note.read_text()))

    return install


def synthesised(program: SpeechProgram, text: str = SECRET, **manner: Any) -> tuple[int, Any]:
    """Synthesise a text."""
    voice = program.find(Path("nowhere"))
    assert voice is not None
    return voice.synthesise(text, SpeechOptions(**manner))


@pytest.mark.parametrize("program", [FLITE, ESPEAK])
def test_words_are_in_no_command_line(fake_program: Pretend, program: SpeechProgram) -> None:
    """They are passed in a file, unchanged; the audio comes back as floats."""
    asked = fake_program(program.name)
    rate, samples = synthesised(program)
    assert (rate, samples.dtype, samples.shape) == (16_000, np.float32, (1600,))
    assert samples[0] == 0.5
    assert asked()["text"] == SECRET
    assert "zeppelin" not in " ".join(asked()["arguments"])


def test_the_call_of_flite(fake_program: Pretend) -> None:
    """Flite gets the names of its voices; others, such as FastRTC's, select the default one."""
    asked = fake_program("flite")
    synthesised(FLITE, voice="rms", speed=1.25)
    assert asked()["arguments"][:4] == ["-voice", "rms", "--setf", "duration_stretch=0.800"]
    synthesised(FLITE, voice="af_heart")
    assert asked()["arguments"][1] == "slt"
    synthesised(FLITE, voice="", sex="m")
    assert asked()["arguments"][1] == "rms"
    voice = FLITE.find(Path())
    assert voice is not None
    assert [voice.speaks(language) for language in ("en", "en_GB", "fr-fr")] == [True, True, False]


def test_the_call_of_espeak(fake_program: Pretend) -> None:
    """eSpeak gets a language, and words a minute."""
    asked = fake_program("espeak-ng")
    synthesised(ESPEAK, language="de", speed=0.5)
    assert asked()["arguments"][:4] == ["-v", "de", "-s", "88"]


@pytest.mark.parametrize("speed", [0, 0.49, 2.01, float("nan")])
def test_invalid_speeds(speed: float) -> None:
    """The error has the allowed speeds."""
    with pytest.raises(ValueError, match=r"0\.5 to 2\.0"):
        SpeechOptions(speed=speed)


def test_a_program_that_fails(fake_program: Pretend) -> None:
    """The error names the program, and has no word of the text, which the program repeats."""
    fake_program("flite", code=3)
    with pytest.raises(VoiceError, match=r"^flite could not speak \(CalledProcessError\)$"):
        synthesised(FLITE)


def test_a_missing_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing program has no voice."""
    monkeypatch.setenv("PATH", "")
    assert FLITE.find(Path("nowhere")) is None


@pytest.mark.parametrize("program", [FLITE, ESPEAK])
def test_the_real_programs(program: SpeechProgram) -> None:
    """A sentence becomes some seconds of audio, fewer at a higher speed."""
    if shutil.which(program.name) is None:
        pytest.skip(f"needs {program.name} (make test installs flite where it may)")
    rate, samples = synthesised(program, "The quarterly report is due on Friday.")
    assert 1.5 < len(samples) / rate < 4
    assert 0.1 < np.abs(samples).max() <= 1
    faster, shorter = synthesised(program, "The quarterly report is due on Friday.", speed=1.6)
    assert len(shorter) / faster < 0.8 * len(samples) / rate
