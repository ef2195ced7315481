"""`make check`: lint, and the tests that belong to the files changed since the merge base with main. It ends within two minutes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tools.changed_tests import is_test, select

LIMIT_S = float(os.environ.get("CHECK_LIMIT_S", "100"))
"""Seconds after which no further test begins, and what still runs is stopped."""
STOP_S = 5.0
"""Seconds that a stopped program has to end before it is killed."""
MAIN = ("main", "origin/main", "master", "origin/master")
LINT = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("lint-imports", "--no-cache"),
    ("python", "manage.py", "makemigrations", "--check", "--dry-run", "--verbosity", "1"),
)
TYPES = ("mypy",)
BIN = Path(sys.executable).parent
FAILED = 1
"""Exit status after a failure."""


def git(*arguments: str) -> list[str]:
    """Return the lines of a git command, or nothing if it fails."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True)  # noqa: S607 - git of the developer
    return done.stdout.splitlines() if done.returncode == 0 else []


def changed_files() -> list[str]:
    """Return the paths that differ from the merge base with main (from HEAD, if there is no main), new files included."""
    bases = (git("merge-base", "HEAD", branch) for branch in MAIN)
    base = next((lines[0] for lines in bases if lines), "HEAD")
    return sorted({*git("diff", "--name-only", base), *git("ls-files", "--others", "--exclude-standard")})


def all_tests() -> list[str]:
    """Return the test files that git tracks, or would add."""
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", "tests")
    return sorted({path for path in listed if is_test(path) and Path(path).exists()})


class Deadline:
    """A pytest plugin: no test begins after the deadline, and the summary lists the files of which tests were left out."""

    def __init__(self, at: float) -> None:
        self._at = at
        self.failed = False
        self._planned: dict[str, int] = {}
        self._finished: dict[str, int] = {}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Count the tests of each file."""
        for item in items:
            path = item.nodeid.split("::")[0]
            self._planned[path] = self._planned.get(path, 0) + 1

    def pytest_runtest_protocol(self, item: Any) -> bool | None:
        """Pass over a test whose turn comes after the deadline."""
        return True if time.monotonic() >= self._at else None

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Record a failure, which the exit status of an interrupted run does not show."""
        self.failed = self.failed or report.failed

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Count a test that ran."""
        path = nodeid.split("::")[0]
        self._finished[path] = self._finished.get(path, 0) + 1

    def left_out(self) -> list[str]:
        """Return a line for each file of which not every test ran."""
        counts = ((path, number - self._finished.get(path, 0), number) for path, number in self._planned.items())
        return [f"{path} ({missing} of {number} tests)" for path, missing, number in counts if missing]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """List what was left out."""
        if lines := self.left_out():
            terminalreporter.section("left out: the time limit was reached")
            for line in lines:
                terminalreporter.line(line)


def run_tests(deadline: float, tests: list[str]) -> int:
    """Run pytest in this process; return its exit status, FAILED also if it was interrupted after a failure."""
    import pytest

    plugin = Deadline(deadline)
    status = int(pytest.main(["-q", "-p", "no:cacheprovider", *tests], plugins=[plugin]))
    return FAILED if plugin.failed else status


def start(*command: str) -> "subprocess.Popen[bytes]":
    """Start a program of the virtual environment in a process group of its own."""
    return subprocess.Popen([str(BIN / command[0]), *command[1:]], start_new_session=True)


def wait(process: "subprocess.Popen[bytes]", deadline: float) -> int | None:
    """Return the exit status of a program; None if it was stopped at the deadline and had not failed before."""
    try:
        return process.wait(max(deadline - time.monotonic(), 0.1))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return FAILED if process.returncode == FAILED else None


def main() -> int:
    """Run all checks; return 0 if none of those that ran failed."""
    deadline = time.monotonic() + LIMIT_S
    changed = changed_files()
    selection = select(changed, all_tests(), lambda path: Path(path).read_text())
    print(f"{len(changed)} changed files, {len(selection.tests)} test files", flush=True)
    for path in selection.without_tests:
        print(f"  no test of its own: {path}")
    sys.stdout.flush()
    failed, left_out = [], []
    types = start(*TYPES)
    for command in LINT:
        status = wait(start(*command), deadline)
        if status is None:
            left_out.append(" ".join(command))
        elif status:
            failed.append(" ".join(command))
    if selection.tests:
        pytest = start("python", "-m", "tools.check", "tests", str(deadline), *selection.tests)
        status = wait(pytest, deadline + STOP_S)
        if status is None:
            left_out.append("the tests listed above as left out, or all if pytest printed no summary")
        elif status:
            failed.append("pytest")
    status = wait(types, deadline)
    if status is None:
        left_out.append("mypy (it is quicker the next time, from its cache)")
    elif status:
        failed.append("mypy")
    for name in left_out:
        print(f"left out: the time limit was reached: {name}")
    print(f"failed: {', '.join(failed)}" if failed else "ok")
    return FAILED if failed else 0


if __name__ == "__main__":
    sys.exit(run_tests(float(sys.argv[2]), sys.argv[3:]) if sys.argv[1:2] == ["tests"] else main())
