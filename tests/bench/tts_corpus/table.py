"""The stored transcripts: one line of text per reading and recogniser model."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MODELS = ("tiny", "base")

_FOLDER = Path(__file__).resolve().parent / "transcripts"
_HEAD = "# reading\tvoice\twhat was heard\thow sure, in percent, word by word"


@dataclass(frozen=True, slots=True)
class ReadingTranscript:
    """The transcript of one reading: words as shown, and the confidence of each in [0, 1]. Empty: nothing was recognised."""

    name: str
    voice: str
    words: tuple[str, ...]
    confidences: tuple[float, ...]

    @property
    def text(self) -> str:
        """The words as one text."""
        return " ".join(self.words)


def path(model: str) -> Path:
    """Return the file of a model's transcripts."""
    return _FOLDER / f"{model}.tsv"


def read(model: str) -> list[ReadingTranscript]:
    """Return all transcripts of a model, in the order in which they were made."""
    lines = [line for line in path(model).read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return [_heard(*line.split("\t")) for line in lines]


def write(model: str, everything: Iterable[ReadingTranscript]) -> None:
    """Replace the transcripts of a model."""
    path(model).parent.mkdir(exist_ok=True)
    path(model).write_text("\n".join([_HEAD, *map(_line, everything)]) + "\n", encoding="utf-8")


def _heard(name: str, voice: str, text: str, sure: str) -> ReadingTranscript:
    return ReadingTranscript(name, voice, tuple(text.split()), tuple(int(share) / 100 for share in sure.split()))


def _line(one: ReadingTranscript) -> str:
    sure = " ".join(f"{min(99, int(100 * share))}" for share in one.confidences)
    return f"{one.name}\t{one.voice}\t{one.text}\t{sure}"
