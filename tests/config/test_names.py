"""No class has the name of another one: whoever searches for a name finds one thing."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SAME_MEANING = {
    "Command": "Django finds the command of a module under this name",
    "Inputs": "the inputs of a stream, in the module of the stream",
    "InterimInsight": "the protocol of the renderer that the other one fulfils",
    "Person": "a person in a conversation, in the analysis and in JSON",
    "Ping": "a message of either protocol",
    "Start": "a message of either protocol",
    "Stop": "a message of either protocol",
    "Topic": "a topic as a row, and as the analysis finds it",
    "Vocabulary": "the phrases of an account, for the recogniser and in JSON",
    "WireError": "an invalid message of either protocol",
    "Word": "a recognised word, of an engine and in JSON",
}
"""The names that several classes may have, and why."""


def classes(*folders: str) -> dict[str, list[str]]:
    """Return the files of each class at the top level of a module."""
    found: dict[str, list[str]] = defaultdict(list)
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" in file.parts:
                continue
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    found[node.name].append(str(file.relative_to(ROOT)))
    return found


@pytest.mark.parametrize(
    "folders", [("parley", "config", "streaming", "insights", "tools"), ("tests/bench",)], ids=["source", "benchmarks"]
)
def test_a_name_has_one_class(folders: tuple[str, ...]) -> None:
    """Two classes with one name have the same meaning, for the reason that is written down here."""
    twice = {name: files for name, files in classes(*folders).items() if len(files) > 1 and name not in SAME_MEANING}
    assert twice == {}


def test_the_exceptions_are_needed() -> None:
    """A name that one class has by now is no exception any more."""
    found = classes("parley", "config", "streaming", "insights", "tools")
    assert [name for name in SAME_MEANING if len(found[name]) < 2] == []
