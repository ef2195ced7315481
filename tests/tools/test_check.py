"""`make check` in repositories of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools import check

ROOT = Path(__file__).resolve().parents[2]
SLOW = "import time\n\n\ndef test_one():\n    pass\n\n\ndef test_two():\n    time.sleep(2)\n\n\ndef test_three():\n    pass\n"


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder."""
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit on main, which is the current folder."""
    folder = tmp_path / "repository"
    (folder / "tests" / "config").mkdir(parents=True)
    (folder / "tests" / "config" / "test_one.py").write_text(SLOW)
    git(folder.parent, "init", "-q", "-b", "main", str(folder))
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    monkeypatch.chdir(folder)
    return folder


def test_a_clean_clone_has_no_changed_files(repository: Path) -> None:
    """Neither on main nor on a branch without commits."""
    assert check.changed_files() == []
    git(repository, "checkout", "-q", "-b", "topic")
    assert check.changed_files() == []
    assert check.all_tests() == ["tests/config/test_one.py"]


def test_changes_are_those_since_the_merge_base(repository: Path) -> None:
    """Committed, edited and new files; what main changed in the meantime is not ours."""
    git(repository, "checkout", "-q", "-b", "topic")
    (repository / "committed.py").write_text("")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "second")
    git(repository, "checkout", "-q", "main")
    (repository / "theirs.py").write_text("")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "third")
    git(repository, "checkout", "-q", "topic")
    (repository / "tests" / "config" / "test_one.py").write_text(SLOW + "\n")
    (repository / "new.py").write_text("")
    assert check.changed_files() == ["committed.py", "new.py", "tests/config/test_one.py"]


def test_without_a_main_branch_head_counts(repository: Path) -> None:
    """Such as in a clone of one commit that is on no branch."""
    git(repository, "branch", "-m", "topic")
    assert check.changed_files() == []
    (repository / "new.py").write_text("")
    assert check.changed_files() == ["new.py"]


def run_pytest(folder: Path, seconds: float) -> "subprocess.Popen[str]":
    """Run the tests of a folder under a deadline."""
    command = [sys.executable, "-m", "tools.check", "tests", str(time.monotonic() + seconds), "-c", os.devnull, "--rootdir", str(folder)]
    return subprocess.Popen([*command, str(folder / "tests")], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)


def test_what_does_not_fit_is_left_out_and_listed(repository: Path) -> None:
    """No test begins after the deadline, and that is no failure."""
    with run_pytest(repository, -1) as process:
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "left out: the time limit was reached" in out
    assert "tests/config/test_one.py (3 of 3 tests)" in out


def test_all_tests_run_before_the_deadline(repository: Path) -> None:
    """Then nothing is left out, and a failure is one."""
    (repository / "tests" / "config" / "test_two.py").write_text("def test_fails():\n    assert False\n")
    with run_pytest(repository, 600) as process:
        out, _ = process.communicate(timeout=120)
    assert process.returncode == check.FAILED
    assert "1 failed, 3 passed" in out
    assert "left out" not in out


def test_a_program_that_does_not_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the deadline by an interrupt, later for good."""
    monkeypatch.setattr(check, "STOP_S", 0.5)
    stubborn = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    process = subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    process.stdout.readline()
    assert check.wait(process, time.monotonic()) is None
    assert process.returncode == -signal.SIGKILL
    process.stdout.close()


def test_a_program_that_ends_in_time_gives_its_status() -> None:
    """Whatever it is."""
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"], start_new_session=True)
    assert check.wait(process, time.monotonic() + 600) == 7
