"""Synthesisers, played by small scripts."""

import os
from pathlib import Path

import pytest

from tests.bench.child_processes import BenchError
from tests.bench.tts_corpus.voices import speak


def program(folder: Path, name: str, script: str) -> None:
    """Put an executable into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which the system looks for programs first."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return folder


def test_programs_are_told_voice_text_and_file(programs: Path, tmp_path: Path) -> None:
    """Flite reads in the voice that is wanted; eSpeak has one voice here."""
    program(programs, "flite", 'echo "$4 says $6" > "$8"')
    program(programs, "espeak-ng", 'echo "$7" > "$6"')
    speak("rms", [("Hello there.", tmp_path / "one.wav")], None)
    speak("espeak", [("Good bye.", tmp_path / "two.wav")], None)
    assert (tmp_path / "one.wav").read_text() == "rms says Hello there.\n"
    assert (tmp_path / "two.wav").read_text() == "Good bye.\n"


def test_piper_reads_all_at_once(tmp_path: Path) -> None:
    """Each line becomes a file, numbered by time; they are put in their places in that order."""
    environment = tmp_path / "piper"
    program(
        environment / "bin", "piper", 'mkdir -p "$6"; n=8; while read -r line; do n=$((n + 1)); echo "$line" > "$6/$n.wav"; done < "$4"'
    )
    (environment / "en_US-joe-medium.onnx").touch()
    jobs = [(text, tmp_path / f"{number}.wav") for number, text in enumerate(("One.", "Two.", "Three."))]
    speak("joe", jobs, environment)
    assert [file.read_text() for _, file in jobs] == ["One.\n", "Two.\n", "Three.\n"]


def test_too_few_files_are_an_error(tmp_path: Path) -> None:
    """If Piper leaves a line out, no sentence gets the sound of another."""
    program(tmp_path / "bin", "piper", 'mkdir -p "$6"; touch "$6/1.wav"')
    (tmp_path / "en_US-joe-medium.onnx").touch()
    with pytest.raises(BenchError, match="1 files of 2 sentences"):
        speak("joe", [("One.", tmp_path / "a.wav"), ("Two.", tmp_path / "b.wav")], tmp_path)


def test_what_is_missing_is_named(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program or an environment that is not there, and a program that fails."""
    with pytest.raises(BenchError, match="--piper"):
        speak("joe", [("One.", tmp_path / "a.wav")], None)
    program(programs, "flite", "echo no such voice >&2; exit 1")
    with pytest.raises(BenchError, match="flite failed: no such voice"):
        speak("slt", [("One.", tmp_path / "a.wav")], None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BenchError, match="espeak-ng is not installed"):
        speak("espeak", [("One.", tmp_path / "a.wav")], None)
