"""Only these packages query the database: each is the recorder or a reader of conversations, or the only user of its own tables."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "streaming/health.py",  # checks that the database answers
    "streaming/cluster/directory_table.py",  # the only user of the table of the session directory
    "streaming/aio/database_executors.py",  # sets options of its connections
    "insights/jobs",  # the only user of the table of jobs
    "insights/managed",  # the only user of the tables of what an account manages
    "insights/webhooks",  # the only user of the tables of webhooks
    "insights/compiled_query.py",  # runs the queries of these packages
    "insights/installation_health.py",  # counts rows for the administrators
    "insights/notifications",  # the only user of the table of notifications
    "insights/persons.py",  # finds everything of one person, to delete it
    "insights/recorder",
    "insights/queries",
    "insights/access",
    "insights/admin",
    "insights/models",
    "insights/migrations",
)
MANAGERS = {"objects", "_default_manager", "_base_manager"}


def sources() -> Iterator[Path]:
    """Return every source file outside those packages."""
    for wing in ("config", "streaming", "insights"):
        for file in sorted((ROOT / wing).rglob("*.py")):
            if not file.relative_to(ROOT).as_posix().startswith(PACKAGES):
                yield file


def managers_in(source: str) -> list[int]:
    """Return the lines that use a manager or raw SQL, or that get a row or answer 404."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in MANAGERS:
            found.append(node.lineno)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "cursor":
            found.append(node.lineno)
        if isinstance(node, ast.Name) and node.id in ("get_object_or_404", "get_list_or_404"):
            found.append(node.lineno)
    return found


@pytest.mark.parametrize(
    "text", ["Message.objects.all()", "Message._default_manager", "connection.cursor()", "get_object_or_404(Message, pk=1)"]
)
def test_the_check_finds_queries(text: str) -> None:
    """The check finds every form of query that it looks for."""
    assert managers_in(text) == [1]


def test_only_these_packages_query_the_database() -> None:
    """Pages, API, commands and streaming query through those packages."""
    asking = {file.relative_to(ROOT).as_posix(): lines for file in sources() if (lines := managers_in(file.read_text()))}
    assert asking == {}
