"""No class and no file has the name of another one with a different meaning: a search for a name finds one thing."""

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


SAME_SUBJECT = {
    "accounts.py": "accounts of users",
    "asgi.py": "ASGI: the entry point that Django expects, and the types",
    "auth.py": "who a request, or a WebSocket, comes from",
    "base.py": "the interface of an engine",
    "client_messages.py": "what a client of the protocol sends",
    "conversation.py": "a conversation: its page, and the stream that holds one",
    "deletions.py": "deletions of conversations",
    "end_of_turn.py": "the end of a turn: the decision, its use in handlers, its training",
    "events.py": "the events of a conversation",
    "features.py": "hashed features of words for a linear model",
    "files.py": "finished and unfinished files of the package, and their storage",
    "fit.py": "fits weights",
    "health.py": "whether the server works: for a load balancer, and as a page",
    "interruptions.py": "speech during a reply: the decision, and its use in handlers",
    "pages.py": "pages: their views, and Django's settings for them",
    "parsing.py": "text of a client to messages of the protocol",
    "render.py": "messages to a client of the protocol",
    "stream.py": "Django finds a command under the name of its module",
    "transcript.py": "recognised words: of one block of audio, and of a conversation",
    "types.py": "values that the modules of a package share",
    "version.py": "Django finds a command under the name of its module",
    "voice_enrolment.py": "the enrolment of voices: the interface, and its implementation",
    "worker.py": "Django finds a command under the name of its module",
}
"""The names that files of several packages may have, and what they have in common.

The layers of `insights` (models, queries, recorder, api, portal, admin) each have a file for one resource, so they count as one package.
"""
DJANGO = {"__init__.py", "__main__.py", "apps.py", "urls.py", "models.py", "formats.py"}
"""Names that Django or Python look for."""


def packages_of_files() -> dict[str, set[str]]:
    """Return the packages that have a file of each name."""
    found: dict[str, set[str]] = defaultdict(set)
    for folder in ("parley", "config", "streaming", "insights", "tools"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in file.parts and file.name not in DJANGO:
                found[file.name].add("insights" if folder == "insights" else str(file.parent.relative_to(ROOT)))
    return found


def test_a_file_name_has_one_subject() -> None:
    """Two packages have a file of one name only if it is about the same, as it is written down here."""
    shared = {name: packages for name, packages in packages_of_files().items() if len(packages) > 1 and name not in SAME_SUBJECT}
    assert shared == {}


def test_the_shared_file_names_are_needed() -> None:
    """A name that the files of one package have by now is no exception any more."""
    found = packages_of_files()
    assert [name for name in SAME_SUBJECT if len(found[name]) < 2] == []
