"""Entities, assignees and due dates in the recognised business sentences, compared by value: 'the 20th' equals 'the twentieth'.

The gold is what is found in the written sentence, which is right in nearly all of them (docs/develop/research/insights.md).
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from insights.analysis.acts.commitments import commitment
from insights.analysis.entities import extract
from insights.analysis.vocabulary.correction import Vocabulary
from insights.training import style
from tests.bench.tts_corpus.found import THEN
from tests.bench.tts_corpus.table import ReadingTranscript

KINDS = ("dates and times", "numbers", "addresses", "names")
NAMES = frozenset(["person", "organization", "location"])
ADDRESSES = frozenset(["email", "url", "phone"])


@dataclass(frozen=True, slots=True)
class Spans:
    """Counts over sentences: entities by kind as (in the written text, found again, found in the transcript), tasks, and their parts."""

    entities: dict[str, tuple[int, int, int]]
    tasks: int
    assignees: int
    dated: int
    dues: int


def names(data: Path) -> list[str]:
    """Return the names of people, places and organisations in the business sentences, as a client might announce them."""
    found = (entity for gold in style.read(data / "style.dev.tsv") for entity in extract(gold.text, THEN))
    return list(dict.fromkeys(entity.text for entity in found if entity.type in NAMES))


def spans(heard: Iterable[ReadingTranscript], data: Path, vocabulary: Vocabulary | None = None) -> Spans:
    """Compare the findings in each transcript, corrected by the vocabulary, with those in its sentence."""
    table = style.read(data / "style.dev.tsv")
    there, again, found = Counter[str](), Counter[str](), Counter[str]()
    tasks = assignees = dated = dues = 0
    for one in heard:
        if not one.name.startswith("style/"):
            continue
        gold = table[int(one.name.split("/")[1])]
        text = vocabulary.apply(one.text, one.confidences) if vocabulary else one.text
        written, spoken = _values(gold.text), _values(text)
        there.update(kind for kind, _ in written.elements())
        found.update(kind for kind, _ in spoken.elements())
        again.update(kind for kind, _ in (written & spoken).elements())
        if gold.assignee:
            meant, said = _task(gold.text), _task(text)
            tasks += 1
            assignees += said[0] == meant[0]
            dated += bool(meant[1])
            dues += bool(meant[1]) and said[1] == meant[1]
    return Spans({kind: (there[kind], again[kind], found[kind]) for kind in sorted(there | found)}, tasks, assignees, dated, dues)


def _values(text: str) -> Counter[tuple[str, str]]:
    """Return (kind, value) of each entity; kinds of names, of addresses and of times are merged."""
    return Counter((_kind(one.type), json.dumps(one.value, sort_keys=True)) for one in extract(text, THEN))


def _kind(type_: str) -> str:
    if type_ in NAMES:
        return "names"
    if type_ in ADDRESSES:
        return "addresses"
    return "dates and times" if "date" in type_ or type_ in ("time", "duration") else "numbers"


def _task(text: str) -> tuple[tuple[str, ...], str]:
    """Return the assignee and the due date: the resolved time, else its words."""
    found = commitment(text, extract(text, THEN), THEN, 0)
    return (found.role, *found.names), found.due.isoformat() if found.due else found.due_text.lower()
