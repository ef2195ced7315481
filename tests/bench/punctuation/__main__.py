"""Measures the marks: python -m tests.bench.punctuation --heard FILE... [--turns FILE]

`--heard`: what the recogniser wrote of turns read aloud (heard.py): its own marks, and those of the model on the same words.
`--turns`: the words and true pauses of AMI, without any mark: the model alone.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from streaming.speech.engines.base import Word
from streaming.speech.punctuation.marks import PunctuationMark, token
from streaming.speech.punctuation.model import shipped
from streaming.training.punctuation import recogniser_output
from streaming.training.punctuation.corpus import ami_turns, without_hesitations
from streaming.training.punctuation.scoring import Counts, Scores, scores


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heard", type=Path, nargs="*", default=[])
    parser.add_argument("--turns", type=Path)
    parser.add_argument("--changes", type=int, default=0, help="print so many changed turns")
    chosen = parser.parse_args(arguments)
    for file in chosen.heard:
        _heard(file, chosen.changes)
    if chosen.turns:
        _turns(chosen.turns)


def _heard(file: Path, changes: int) -> None:
    listened = [one for one in recogniser_output.read(file) if one.words]
    for voice in [*sorted({one.voice for one in listened}), ""]:
        own, ours = Scores(), Scores()
        turns = [one for one in listened if voice in ("", one.voice)]
        seconds = time.process_time()
        for one in turns:
            true = [PunctuationMark(mark) for mark in one.marks]
            written = shipped().of(one.words)
            own += scores([token(word.text).mark for word in one.words], true)
            ours += scores([token(word.text).mark for word in written], true)
            if written != one.words and changes > 0 and not voice:
                changes -= 1
                print("\n".join(["", f"said  {one.said}", f"own   {_text(one.words)}", f"model {_text(written)}"]))
        seconds = time.process_time() - seconds
        words = sum(len(one.words) for one in turns)
        print(f"\n{file.name}, {voice or 'all voices'}: {len(turns)} turns, {words} words, {1000 * seconds / len(turns):.2f} ms a turn")
        _table({"the recogniser's own marks": own, "with the model": ours})


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _turns(file: Path) -> None:
    total = Scores()
    for turn in filter(None, map(without_hesitations, ami_turns(file))):
        words = shipped().of([Word(word.text.lower(), word.start, word.end, 1.0) for word in turn])
        total += scores([token(word.text).mark for word in words], [word.mark for word in turn])
    print(f"\n{file.name}, words and true pauses, no marks given")
    _table({"the model": total})


def _table(rows: dict[str, Scores]) -> None:
    for name, one in rows.items():
        print(f"  {name:28} ends {_figures(one.ends)} | inside turns {_figures(one.inner)} | questions {_figures(one.questions)}")


def _figures(one: Counts) -> str:
    return f"P {one.precision:.3f} R {one.recall:.3f} F1 {one.f1:.3f} ({one.true})"


if __name__ == "__main__":
    main()
