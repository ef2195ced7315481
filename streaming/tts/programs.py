"""Text to speech with the programs Flite and eSpeak NG, as packaged by Debian and others.

The text is passed in a private temporary file, because all users of the machine can see command lines.
"""

import shutil
import subprocess
import tempfile
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streaming.tts.base import Engine, Speech, SpeechOptions, VoiceError, primary

TIMEOUT_S = 30.0
WORDS_PER_MINUTE = 175

Arguments = Callable[[SpeechOptions, Path, Path], list[str]]
"""Returns the command-line arguments for the options, the text file to read and the WAV file to write."""


@dataclass(frozen=True, slots=True)
class SpeechProgram:
    """A program that reads a text file and writes a WAV file."""

    name: str
    hint: str
    arguments: Arguments
    languages: frozenset[str] | None = None
    """Its languages without regions; None: so many that all are assumed."""

    def find(self, folder: Path) -> Engine | None:
        """Return the voice, or None if the program is not installed."""
        path = shutil.which(self.name)
        return ProgramVoice(path, self) if path else None


@dataclass(frozen=True, slots=True)
class ProgramVoice:
    """A voice of an installed program."""

    path: str
    program: SpeechProgram

    def speaks(self, language: str) -> bool:
        """Return whether the program has the language."""
        return self.program.languages is None or primary(language) in self.program.languages

    def synthesise(self, text: str, options: SpeechOptions) -> Speech:
        """Run the program once and return its audio. Raises VoiceError if it fails or takes longer than TIMEOUT_S."""
        with tempfile.TemporaryDirectory(prefix="parley-voice-") as folder:
            text_file, wav_file = Path(folder) / "text", Path(folder) / "audio.wav"
            text_file.write_text(text)
            command = [self.path, *self.program.arguments(options, text_file, wav_file)]
            try:
                subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL)  # noqa: S603
                return _read(wav_file)
            except (OSError, subprocess.SubprocessError, EOFError, wave.Error) as error:
                raise VoiceError(f"{self.program.name} could not speak ({type(error).__name__})") from None


def _read(path: Path) -> Speech:
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return file.getframerate(), samples.astype(np.float32) / np.float32(32768)


def _flite(options: SpeechOptions, text: Path, wav: Path) -> list[str]:
    voice = options.voice if options.voice in ("kal", "kal16", "awb", "rms", "slt") else "rms" if options.sex == "m" else "slt"
    return ["-voice", voice, "--setf", f"duration_stretch={1 / options.speed:.3f}", "-f", str(text), "-o", str(wav)]


def _espeak(options: SpeechOptions, text: Path, wav: Path) -> list[str]:
    return ["-v", options.language, "-s", str(round(WORDS_PER_MINUTE * options.speed)), "-b", "1", "-f", str(text), "-w", str(wav)]


FLITE = SpeechProgram("flite", "Debian's package flite", _flite, frozenset({"en"}))
ESPEAK = SpeechProgram("espeak-ng", "Debian's package espeak-ng", _espeak)
