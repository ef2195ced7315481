"""Tables of the vocabulary: what it corrects and breaks by size, what it does to written text, and what it costs."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from insights.analysis.vocabulary.correction import Vocabulary
from tests.bench.report import Table
from tests.bench.tts_corpus import choose, corrections
from tests.bench.tts_corpus.choose import Reading
from tests.bench.tts_corpus.corrections import SIZES, Score
from tests.bench.tts_corpus.table import ReadingTranscript

Pairs = Sequence[tuple[Reading, ReadingTranscript]]

HEADS = (
    "phrases",
    "model",
    "clips",
    "heard right",
    "mended",
    "missed",
    "wrong words, %",
    "broken there",
    "in other clips",
    "in dev readings",
)
"""Columns of the table; two columns follow: clips held out, and without confidences."""


def mending_table(models: dict[str, list[ReadingTranscript]], dev: Sequence[Reading]) -> Table:
    """Return corrections and errors by size and model."""
    rows = []
    for size in SIZES:
        phrases = choose.phrases()[:size]
        vocabulary = Vocabulary(phrases)
        for model, everything in models.items():
            rows.append([str(size), model, *_cells(everything, dev, phrases, vocabulary)])
    return Table("", [*HEADS, "held out: mended, broken", "no confidences: mended, broken"], rows)


def _cells(everything: Sequence[ReadingTranscript], dev: Sequence[Reading], phrases: Sequence[str], vocabulary: Vocabulary) -> list[str]:
    def corrected(one: ReadingTranscript) -> str:
        return vocabulary.apply(one.text, one.confidences)

    clips, others = pairs(everything, choose.clips()), pairs(everything, dev)
    with_phrase = [pair for pair in clips if pair[0].phrase in phrases]
    without = [pair for pair in clips if pair[0].phrase not in phrases]
    held_out = [pair for pair in clips if corrections.is_held_out(pair[0])]
    meant, plain, dev_ = (corrections.score(some, phrases, corrected) for some in (with_phrase, without, others))
    halves = [corrections.score(held_out, phrases, corrected), corrections.score(clips, phrases, lambda one: vocabulary.apply(one.text))]
    cells = [str(number) for number in (meant.clips, meant.right, meant.mended, meant.missed)]
    cells.append(f"{meant.before.rate:.1f} to {meant.after.rate:.1f}")
    cells += [str(meant.broken), f"{plain.broken} of {plain.others}", f"{dev_.broken} of {dev_.others}"]
    return [*cells, *(f"{half.mended}, {half.broken}" for half in halves)]


def score(everything: Sequence[ReadingTranscript], readings: Sequence[Reading], size: int) -> Score:
    """Return the counts of the vocabulary of this size on readings, with the recogniser's confidences."""
    phrases = choose.phrases()[:size]
    vocabulary = Vocabulary(phrases)
    return corrections.score(pairs(everything, readings), phrases, lambda one: vocabulary.apply(one.text, one.confidences))


def pairs(everything: Sequence[ReadingTranscript], readings: Sequence[Reading]) -> Pairs:
    """Return readings with their transcripts."""
    spoken = {(one.name, one.voice): one for one in readings}
    return [(spoken[one.name, one.voice], one) for one in everything if (one.name, one.voice) in spoken]


def texts(data: Path) -> Iterator[str]:
    """Yield what the vocabularies change in all written dev messages: nothing there is a mishearing, and few words are a phrase."""
    messages = [row.text.split() for row in choose.rows(data)]
    for size in SIZES:
        vocabulary = Vocabulary(choose.phrases()[:size])
        unknown = sum(len(vocabulary.correct(message)) for message in messages)
        known = sum(len(vocabulary.correct(message, _sure(len(message)))) for message in messages)
        yield f"- {size} phrases, {len(messages)} dev messages as written: {unknown} changes, {known} with confidences of 0.9"


def _sure(many: int) -> list[float]:
    """Return confidences of about 0.9, not all equal, so that they count as known."""
    return [0.9 + 0.001 * (word % 2) for word in range(many)]


def costs(everything: Sequence[ReadingTranscript]) -> Iterator[str]:
    """Yield the CPU microseconds per message, by size: mean and 95th percentile; with warm word caches."""
    for size in SIZES:
        correct: Callable[..., object] = Vocabulary(choose.phrases()[:size]).correct
        spent: list[float] = []
        for one in [*everything, *everything]:
            begin = time.process_time_ns()
            correct(one.words, one.confidences)
            spent.append((time.process_time_ns() - begin) / 1000)
        spent = sorted(spent[len(everything) :])
        yield f"- {size} phrases: {sum(spent) / len(spent):.0f} us a message, p95 {spent[int(0.95 * len(spent))]:.0f} us"
