"""`make test` repeats a few failed tests alone, and fails if one fails again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import environment

REPOSITORY = Path(__file__).parents[2]
UNSTABLE = """
from pathlib import Path

import pytest

def test_unstable():
    first = Path("first")
    assert first.exists() or first.touch()
"""
"""Fails in its first run only."""
GOOD = "def test_good(): pass\n"
BAD = "def test_bad(): assert False\n"


def run(folder: Path, **files: str) -> "subprocess.CompletedProcess[str]":
    """Run the tool in a folder with these test files."""
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DJANGO_"))}
    command = [sys.executable, "-m", "tools.run_tests"]
    environment |= {"PYTHONPATH": str(REPOSITORY), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "xdist.plugin"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_a_test_that_passes_alone(tmp_path: Path) -> None:
    """The run succeeds and names the test."""
    done = run(tmp_path, unstable=UNSTABLE, good=GOOD)
    assert done.returncode == 0, done.stdout
    assert "failed beside other tests: 1" in done.stdout
    assert "passed alone: make it independent of the load: test_unstable.py::test_unstable" in done.stdout


def test_a_test_that_fails_again(tmp_path: Path) -> None:
    """The run fails, also if another test passes alone."""
    done = run(tmp_path, unstable=UNSTABLE, bad=BAD)
    assert done.returncode == 1
    assert "failed again: test_bad.py::test_bad" in done.stdout


def test_many_failures_are_not_repeated(tmp_path: Path) -> None:
    """More failures than five end the run."""
    done = run(tmp_path, bad="".join(f"def test_bad{number}(): assert False\n" for number in range(6)))
    assert done.returncode == 1
    assert "once more" not in done.stdout


def test_a_run_without_failures(tmp_path: Path) -> None:
    """Nothing runs twice, and failures of an earlier run are forgotten."""
    cache = tmp_path / ".pytest_cache/v/cache/lastfailed"
    cache.parent.mkdir(parents=True)
    cache.write_text('{"test_good.py::test_good": true}')
    done = run(tmp_path, good=GOOD)
    assert done.returncode == 0, done.stdout
    assert "once more" not in done.stdout


def test_a_module_that_cannot_be_imported(tmp_path: Path) -> None:
    """The run fails."""
    assert run(tmp_path, good=GOOD, broken="import nothing_of_that_name\n").returncode != 0


def test_the_times_of_a_run(tmp_path: Path) -> None:
    """The file that took longest comes first; then each worker is listed."""
    done = run(tmp_path, good=GOOD, slow="import time\n\ndef test_slow(): time.sleep(1.5)\n")
    lines = done.stdout.partition("times ==")[2].splitlines()
    assert [line.split()[-1] for line in lines[1:3]] == ["test_slow.py", "test_good.py"], done.stdout
    assert 1.5 <= float(lines[1].split()[0]) < 60
    ended = next(line for line in lines if line.startswith("ended: "))
    assert {part.split()[0] for part in ended.removeprefix("ended: ").split(", ")} <= {"gw0", "gw1", "gw2"}
    assert any(line.startswith("processors busy: ") for line in lines)


def test_bytecode_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in an environment that forbids it."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert run(tmp_path, good=GOOD).returncode == 0
    assert list(tmp_path.glob("__pycache__/test_good.*.pyc"))


def test_each_worker_imports_its_own_part_first() -> None:
    """And then the parts of the others."""
    files = [Path(f"test_{number}.py") for number in range(10)]
    orders = [environment.from_own_place(files, number, 4) for number in range(4)]
    assert all(sorted(order) == files for order in orders)
    assert sorted(file for order, end in zip(orders, (2, 3, 2, 3), strict=True) for file in order[:end]) == files
