"""Compares insights in recognised text with insights in written text, on the same sentences, as the live path finds them.

A transcript is split into sentences as in the recorder, each is scored with the preceding messages, and a reading gets the confidence
of its best sentence. The preceding messages are the corpus's text in the same style; for recognised messages they lack question marks
and hesitations, as a recogniser omits them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from insights.analysis.acts import dialogue_acts
from insights.analysis.acts.mixture import TASKS
from insights.analysis.text.sentences import sentences
from insights.analysis.types import Said
from insights.insight_kinds import KindName
from insights.training import style
from insights.training.corpora import Row, as_transcribed
from tests.bench.tts_corpus import choose
from tests.bench.tts_corpus.table import ReadingTranscript

WAYS = ("written", "without ?", "heard")
THEN = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
"""A Wednesday, as in `insights.analysis.benchmark_rows`."""

THRESHOLD = 0.5
"""Default minimum confidence of insights sent to clients."""

_STYLES = {"written": "text", "without ?": "noq", "heard": "heard"}


@dataclass(frozen=True, slots=True)
class Judged:
    """One reading: the label, whether it is right by the gold, and the confidence for each text."""

    group: str
    kind: KindName
    gold: bool
    confidences: dict[str, float]

    def is_reported(self, way: str) -> bool:
        """Return whether it would be reported for this text: at a confidence of 0.5."""
        return self.confidences[way] >= THRESHOLD


def confidences(text: str, speaker: str, index: int, before: Sequence[Said]) -> dict[KindName, float]:
    """Return the confidence of each type of insight in a turn: that of its best sentence; empty text has none."""
    past = list(before)
    best = dict.fromkeys(TASKS, 0.0)
    for sentence in sentences(text):
        said = Said(sentence.text, speaker, THEN, index=index)
        best = {kind: max(best[kind], confidence) for kind, confidence in dialogue_acts.score(said, past).items()}
        past.append(said)
    return best


def corpora(heard: Iterable[ReadingTranscript], data: Path) -> Iterator[Judged]:
    """Yield questions and action items of the sampled rows."""
    rows = choose.rows(data)
    places = {choose.name_of(row): place for place, row in enumerate(rows)}
    for one in heard:
        if one.name in places:
            place = places[one.name]
            row = rows[place]
            texts = {way: one.text if way == "heard" else as_transcribed(row.text, _STYLES[way]) for way in WAYS}
            found = {way: confidences(text, row.speaker, row.index, _before(rows, place, _STYLES[way])) for way, text in texts.items()}
            yield from _judged(row.corpus, {"question": row.question, "action_item": row.action}, found)


def business(heard: Iterable[ReadingTranscript], data: Path) -> Iterator[Judged]:
    """Yield questions, action items and follow-ups of the business sentences.

    Small talk is no question; a follow-up may also be an action item.
    """
    table = style.read(data / "style.dev.tsv")
    for one in heard:
        if one.name.startswith("style/"):
            gold = table[int(one.name.split("/")[1])]
            texts = {way: one.text if way == "heard" else as_transcribed(gold.text, _STYLES[way]) for way in WAYS}
            found = {way: confidences(text, "A", 0, ()) for way, text in texts.items()}
            question = None if gold.labels == "x" else int("q" in gold.labels)
            action = None if "f" in gold.labels else int("a" in gold.labels)
            golds = {"question": question, "action_item": action, "follow_up": int("f" in gold.labels)}
            yield from _judged("style", golds, found)


def scores(judged: Sequence[Judged]) -> dict[str, style.StyleScore]:
    """Return the scores by text; judged: all of one label."""
    golds = [one.gold for one in judged]
    return {way: style.score(golds, [one.confidences[way] for one in judged]) for way in WAYS}


def _judged(group: str, golds: dict[str, int | None], found: dict[str, dict[KindName, float]]) -> Iterator[Judged]:
    for kind in TASKS:
        gold = golds.get(kind)
        if gold is not None:
            yield Judged(group, kind, bool(gold), {way: found[way][kind] for way in found})


def _before(rows: Sequence[Row], place: int, style_: str) -> list[Said]:
    """Return the preceding messages of a row, at most as many as the analysis uses."""
    first = place
    while first > 0 and place - first < dialogue_acts.CONTEXT and rows[first - 1].conversation == rows[place].conversation:
        first -= 1
    return [Said(as_transcribed(row.text, style_), row.speaker, THEN, index=row.index) for row in rows[first:place]]
