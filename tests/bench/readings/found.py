"""Insights in what was heard against insights in what was written, on the same sentences: the way of the live path.

A transcript is cut into sentences as the recorder does it, each is scored with what was said before it, and a reading counts for as much as
its surest sentence. What was said before is the corpus's text, in the same style; of a heard message its question marks are gone and
its hesitations, as a recogniser leaves them out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from insights.analysis.acts import dialogue_acts
from insights.analysis.text.sentences import sentences
from insights.analysis.types import FindingType, Said
from insights.training import style
from insights.training.corpora import Row, as_heard
from tests.bench.readings import choose
from tests.bench.readings.table import Heard

WAYS = ("written", "without ?", "heard")
THEN = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
"""A Wednesday, as in `insights.analysis.scoring`."""

THRESHOLD = 0.5
"""The confidence from which on insights are told, where a client asks for no other."""

_STYLES = {"written": "text", "without ?": "noq", "heard": "heard"}


@dataclass(frozen=True, slots=True)
class Judged:
    """One reading: the label, whether it is right by the gold, and the confidence by each way."""

    group: str
    kind: FindingType
    gold: bool
    confidences: dict[str, float]

    def is_told(self, way: str) -> bool:
        """Whether it would be told by this way: at a confidence of 0.5."""
        return self.confidences[way] >= THRESHOLD


def confidences(text: str, speaker: str, index: int, before: Sequence[Said]) -> dict[FindingType, float]:
    """The confidence of each type of insight in a turn: that of its surest sentence; nothing heard is no insight."""
    past = list(before)
    best: dict[FindingType, float] = {"question": 0.0, "action_item": 0.0, "follow_up": 0.0}
    for sentence in sentences(text):
        said = Said(sentence.text, speaker, THEN, index=index)
        best = {kind: max(best[kind], confidence) for kind, confidence in dialogue_acts.score(said, past).items()}
        past.append(said)
    return best


def corpora(heard: Iterable[Heard], data: Path) -> Iterator[Judged]:
    """Questions and action items of the sampled rows."""
    rows = choose.rows(data)
    places = {choose.name_of(row): place for place, row in enumerate(rows)}
    for one in heard:
        if one.name in places:
            place = places[one.name]
            row = rows[place]
            texts = {way: one.text if way == "heard" else as_heard(row.text, _STYLES[way]) for way in WAYS}
            found = {way: confidences(text, row.speaker, row.index, _before(rows, place, _STYLES[way])) for way, text in texts.items()}
            yield from _judged(row.corpus, {"question": row.question, "action_item": row.action}, found)


def business(heard: Iterable[Heard], data: Path) -> Iterator[Judged]:
    """Questions, action items and follow-ups of the business sentences; small talk is no question, a follow-up may be a task or not."""
    table = style.read(data / "style.dev.tsv")
    for one in heard:
        if one.name.startswith("style/"):
            gold = table[int(one.name.split("/")[1])]
            texts = {way: one.text if way == "heard" else as_heard(gold.text, _STYLES[way]) for way in WAYS}
            found = {way: confidences(text, "A", 0, ()) for way, text in texts.items()}
            question = None if gold.labels == "x" else int("q" in gold.labels)
            action = None if "f" in gold.labels else int("a" in gold.labels)
            golds = {"question": question, "action_item": action, "follow_up": int("f" in gold.labels)}
            yield from _judged("style", golds, found)


def scores(judged: Sequence[Judged]) -> dict[str, style.Score]:
    """By way; judged: of one label."""
    golds = [one.gold for one in judged]
    return {way: style.score(golds, [one.confidences[way] for one in judged]) for way in WAYS}


def _judged(group: str, golds: dict[str, int | None], found: dict[str, dict[FindingType, float]]) -> Iterator[Judged]:
    kinds: tuple[FindingType, ...] = ("question", "action_item", "follow_up")
    for kind in kinds:
        gold = golds.get(kind)
        if gold is not None:
            yield Judged(group, kind, bool(gold), {way: found[way][kind] for way in found})


def _before(rows: Sequence[Row], place: int, style_: str) -> list[Said]:
    """What was said before a row in its conversation, at most as much as is looked at."""
    first = place
    while first > 0 and place - first < dialogue_acts.CONTEXT and rows[first - 1].conversation == rows[place].conversation:
        first -= 1
    return [Said(as_heard(row.text, style_), row.speaker, THEN, index=row.index) for row in rows[first:place]]
