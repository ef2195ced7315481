"""Who asks the database: the recorder, the queries, access and the admin, and nobody else (docs/architecture.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (  # and whether there is a database at all
    "streaming/health.py",
    "insights/recorder",
    "insights/queries",
    "insights/access",
    "insights/admin",
    "insights/models",
    "insights/migrations",
)
MANAGERS = {"objects", "_default_manager", "_base_manager"}


def sources() -> Iterator[Path]:
    """Return every source file outside those rooms."""
    for wing in ("config", "streaming", "insights"):
        for file in sorted((ROOT / wing).rglob("*.py")):
            if not file.relative_to(ROOT).as_posix().startswith(ROOMS):
                yield file


def managers_in(source: str) -> list[int]:
    """Return the lines that use a manager, or raw SQL, or take a row or answer 404."""
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
def test_the_check_sees(text: str) -> None:
    """What it looks for, it finds."""
    assert managers_in(text) == [1]


def test_only_the_rooms_for_it_ask_the_database() -> None:
    """Pages, API, commands and the whole streaming wing go through those rooms."""
    asking = {file.relative_to(ROOT).as_posix(): lines for file in sources() if (lines := managers_in(file.read_text()))}
    assert asking == {}
