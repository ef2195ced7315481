"""What the recogniser wrote of turns that were read aloud, as `tests/bench/punctuation/heard.py` stores it: a JSON object on each line."""

import json
from dataclasses import dataclass
from pathlib import Path

from streaming.speech.engines.base import Word


@dataclass(frozen=True, slots=True)
class RecognisedTurn:
    """What was recognised of a turn, and the true mark after each of its words. `said`: the text of the transcript."""

    voice: str
    said: str
    words: tuple[Word, ...]
    marks: tuple[int, ...]


def read(file: Path) -> list[RecognisedTurn]:
    """Return the turns of a file."""
    rows = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    return [RecognisedTurn(row["voice"], row["said"], tuple(Word(**word) for word in row["words"]), tuple(row["marks"])) for row in rows]
