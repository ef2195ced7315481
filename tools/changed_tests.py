"""Which tests belong to which changed files. Pure functions over the paths of the repository."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

PACKAGES = ("config", "parley", "streaming", "insights", "tools")
PATH_PACKAGES = (
    "streaming/transports/",
    "streaming/conversations/",
    "streaming/sessions/",
    "streaming/cluster/",
    "streaming/speech/",
    "insights/recorder/",
)
"""The packages through which the paths of tests/paths lead."""
OTHER: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"requirements/", ("tests/config/test_requirements.py",)),
    (r"(docs/.*|[A-Z]+)\.md$", ("tests/config/test_docs.py",)),
    (r"(docs/(start|guide|operate)/.*)\.md$", ("tests/config/test_docs_programs.py", "tests/config/test_docs_deploy.py")),
    (r"(README|docs/(start/first-stream|guide/streams|reference/.*))\.md$", ("tests/streaming/test_docs.py",)),
    (r"docs/reference/.*\.md$", ("tests/insights/api/test_docs.py", "tests/streaming/protocols/test_docs.py")),
    (r"docs/reference/fastrtc\.md$", ("tests/streaming/protocols/fastrtc/test_docs.py",)),
    (r"docs/guide/speech-engines\.md$", ("tests/streaming/speech/test_own_engines.py", "tests/streaming/handlers/test_own_models.py")),
    (r"examples/", ("tests/examples/",)),
    (r"templates/(portal|registration|base)", ("tests/insights/portal/",)),
    (r"templates/streams/", ("tests/streaming/test_pages.py",)),
    (r"templates/\d+.*\.html$", ("tests/config/test_error_handlers.py",)),
    (r"insights/static/.*\.js$", ("tests/browser/modules/",)),
    (r"insights/static/.*\.css$", ("tests/insights/portal/test_look.py",)),
    (r"Makefile$|\.ci/", ("tests/tools/",)),
)
"""Patterns of files that no package holds, and their tests. A name that ends in / is a folder."""


@dataclass
class Selection:
    """The tests of a change, those of whole paths last, and the changed files that have none."""

    tests: list[str] = field(default_factory=list)
    without_tests: list[str] = field(default_factory=list)


def is_test(path: str) -> bool:
    """Return whether pytest collects a file."""
    return re.match(r"tests/.*/test_\w+\.py$", path) is not None


def module_name(path: str) -> str:
    """Return the dotted name of a source file."""
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def mirrored(path: str, tests: Iterable[str]) -> list[str]:
    """Return the tests of a module by its name: `a/b/c.py` has `tests/a/b/test_c.py` and all in `tests/a/b/c/`."""
    source = PurePosixPath(path)
    package = source.stem == "__init__"
    if package:
        source = source.parent
    beside = f"tests/{source.parent.as_posix()}/test_{source.stem}.py"
    inside = f"tests/{source.with_suffix('').as_posix()}/"
    return [test for test in tests if test == beside or (not package and test.startswith(inside))]


def importing(module: str, tests: Iterable[str], read: Callable[[str], str]) -> list[str]:
    """Return the tests that import a module by its full name."""
    package, _, name = module.rpartition(".")
    names = rf"from {re.escape(module)} import |import {re.escape(module)}\b"
    if package:
        names += rf"|from {re.escape(package)} import (?:.*\b)?{re.escape(name)}\b"
    pattern = re.compile(rf"^\s*(?:{names})", re.MULTILINE)
    return [test for test in tests if pattern.search(read(test))]


def tests_of_module(path: str, tests: Sequence[str], read: Callable[[str], str]) -> list[str]:
    """Return the tests of a module by its name, else by imports; if it has none, those of its package in the same way."""
    parent = PurePosixPath(path).parent
    package = (parent / "__init__.py").as_posix()
    return (
        mirrored(path, tests)
        or importing(module_name(path), tests, read)
        or mirrored(package, tests)
        or [test for test in tests if PurePosixPath(test).parent.as_posix() == f"tests/{parent.as_posix()}"]
        or importing(module_name(package), tests, read)
    )


def tests_of(path: str, tests: Sequence[str], read: Callable[[str], str]) -> list[str]:
    """Return the tests that belong to one file: a test to itself, to a module its tests, to any other file those of a pattern."""
    if is_test(path):
        return [path] if path in tests else []
    if path.endswith(".py") and path.split("/")[0] in PACKAGES:
        return tests_of_module(path, tests, read)
    found = [target for pattern, targets in OTHER if re.match(pattern, path) for target in targets]
    return [test for test in tests if any(test == one or (one.endswith("/") and test.startswith(one)) for one in found)]


def select(changed: Iterable[str], tests: Sequence[str], read: Callable[[str], str]) -> Selection:
    """Return the tests of all changed files: those of the files themselves, then browser tests, then whole paths if one was touched."""
    selection = Selection()
    chosen: set[str] = set()
    on_path = False
    for path in sorted(changed):
        found = tests_of(path, tests, read)
        chosen |= set(found)
        on_path = on_path or path.startswith(PATH_PACKAGES)
        if not found:
            selection.without_tests.append(path)
    if on_path:
        chosen |= {test for test in tests if test.startswith("tests/paths/")}
    selection.tests = sorted(chosen, key=_order)
    return selection


def _order(test: str) -> tuple[int, str]:
    slow = ("tests/browser/", "tests/paths/")
    return (next((place for place, folder in enumerate(slow, 1) if test.startswith(folder)), 0), test)
