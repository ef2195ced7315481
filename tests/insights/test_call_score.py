"""The call score: what the answer of a language model must have, and long calls."""

import json
from typing import Any

import pytest

from insights.abstractive import PART_CHARACTERS, BadAnswer, SpokenLine
from insights.call_score import CRITERIA, Score, call_score
from tests.insights.language_server import scores

LINES = [SpokenLine("m1", "Ada", "What does the pump cost?"), SpokenLine("m2", "", "It costs 9,000 francs.")]


def ignore(fraction: float) -> None:
    """Take a progress and do nothing."""


def changed(**changes: Any) -> str:
    """Return a good answer with other values at its top."""
    return json.dumps({**json.loads(scores(81)), **changes})


def test_the_criteria_of_an_answer() -> None:
    """All criteria come in the documented order, with one spelling; the model sees names and lines."""
    asked: list[str] = []

    def ask(instructions: str, text: str) -> str:
        asked.append(text)
        assert all(name in instructions for name in CRITERIA)
        return "```json\n" + scores(81).replace("&", "and") + "\n```"

    found = call_score(LINES, ask, ignore)
    assert asked == ["Ada: What does the pump cost?\nIt costs 9,000 francs."]
    assert found.score == 81
    assert tuple(one.name for one in found.criteria) == CRITERIA
    assert found.criteria[0].positive == "Answers came at once."
    assert Score.parse(json.loads(json.dumps(found.dump()))) == found


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "{" * 50_000,
        changed(score=101),
        changed(score="81"),
        changed(score=True),
        changed(summary=None),
        changed(criteria=[]),
        changed(criteria=["x"]),
    ],
    ids=["empty", "list", "object", "deep", "high", "text", "boolean", "summary", "none", "strings"],
)
def test_an_answer_without_the_json(content: str) -> None:
    """It is an error, not a score that nobody gave."""
    with pytest.raises(BadAnswer, match="JSON of a call score"):
        call_score(LINES, lambda instructions, text: content, ignore)


def test_a_long_call_is_scored_in_parts() -> None:
    """The model combines the scores of the parts; progress never falls."""
    text = "We talked about the bridge budget again. " * 10
    lines = [SpokenLine(f"m{at}", "", text) for at in range(3 * (PART_CHARACTERS // len(text)))]
    fractions: list[float] = []
    asked: list[str] = []

    def ask(instructions: str, given: str) -> str:
        assert len(given) <= PART_CHARACTERS + len(given.splitlines())
        asked.append(given)
        return scores(90 if "parts of one long call" in instructions else 40)

    assert call_score(lines, ask, fractions.append).score == 90
    assert len(asked) >= 4
    assert '"score": 40' in asked[-1]
    assert fractions == sorted(fractions)
