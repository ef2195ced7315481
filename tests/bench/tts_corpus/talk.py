"""Expected and found insights, turn by turn, in the demo's conversation as recognised."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from insights.analysis.pipeline import analyse
from insights.analysis.text.sentences import sentences
from insights.analysis.types import Said
from tests.bench.tts_corpus.found import THEN
from tests.bench.tts_corpus.table import ReadingTranscript

EXPECTED: dict[int, tuple[str, ...]] = {
    1: ("question",),
    3: ("question",),
    5: ("action_item",),
    6: ("question",),
    8: ("action_item",),
    9: ("action_item",),
    10: ("question",),
    12: ("follow_up",),
    13: ("question", "action_item"),
    14: ("action_item",),
    15: ("follow_up",),
}
"""Insights that a person would note, by the number of the turn in script.json, from 0."""

_SCRIPT = Path(__file__).resolve().parents[3] / "streaming" / "demo" / "script.json"


@dataclass(frozen=True, slots=True)
class Demo:
    """Counts of the expected insights and of those found, by type; and the unexpected ones, as (turn, type)."""

    expected: dict[str, int]
    found: dict[str, int]
    besides: tuple[tuple[int, str], ...]


def written() -> list[tuple[str, str]]:
    """Return (speaker, text) of each turn of the script."""
    return [(who, text) for who, text in json.loads(_SCRIPT.read_text(encoding="utf-8"))]


def heard(everything: Iterable[ReadingTranscript]) -> list[tuple[str, str]]:
    """Return (speaker, text) of each turn as recognised."""
    return [(one.voice, one.text) for one in everything if one.name.startswith("demo/")]


def insights(turns: Sequence[tuple[str, str]], threshold: float = 0.5) -> Demo:
    """Compare the insights found in each turn with the expected ones. Raises ValueError where the turns are not the script's."""
    if len(turns) != len(written()):
        raise ValueError(f"the demo has {len(written())} turns, not {len(turns)}")
    found: set[tuple[int, str]] = set()
    before: list[Said] = []
    for turn, (who, text) in enumerate(turns):
        for sentence in sentences(text):
            said = Said(sentence.text, who, THEN, speaker_name=who, index=len(before))
            analysis = analyse(said, before, ())
            found |= {(turn, finding.type) for finding in analysis.findings if finding.confidence >= threshold}
            before.append(said)
    expected = {(turn, kind) for turn, kinds in EXPECTED.items() for kind in kinds}
    kinds = ("question", "action_item", "follow_up")
    return Demo(
        {kind: sum(one == kind for _, one in expected) for kind in kinds},
        {kind: sum(one == kind for _, one in expected & found) for kind in kinds},
        tuple(sorted(found - expected)),
    )
