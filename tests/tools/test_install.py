"""Requirements are installed with progress lines."""

import io
import stat
from pathlib import Path

import pytest

from tools import install

FAKE_PIP = """#!/bin/sh
echo "Collecting one==1"
echo "  Downloading one-1.whl"
echo "Requirement already satisfied: two==2 in /x"
sleep {seconds}
echo "Installing collected packages: one"
echo "ERROR: a cause" >&2
exit {status}
"""


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    """A file that pins two packages."""
    file = tmp_path / "some.txt"
    file.write_text("# comment\none==1 \\\n    --hash=sha256:00\n    # via x==3\ntwo[extra]==2 \\\n    --hash=sha256:00\n")
    return file


def python(tmp_path: Path, status: int = 0, seconds: float = 0) -> Path:
    """Return a program that prints what pip prints."""
    file = tmp_path / "python"
    file.write_text(FAKE_PIP.format(status=status, seconds=seconds))
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def test_pinned_packages_are_counted(requirements: Path) -> None:
    """Comments are no packages."""
    assert install.count_pinned([requirements, requirements]) == 4


def test_progress_is_printed_while_pip_is_silent(requirements: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only when it prints a line."""
    monkeypatch.setattr(install, "REPORT_S", 0.5)
    out = io.StringIO()
    assert install.install(python(tmp_path, seconds=2.5), [requirements], out) == 0
    first, *progress, last = out.getvalue().splitlines()
    assert first == "Installing 2 packages"
    assert progress
    assert progress[0].startswith("  downloaded 2 of 2 packages, ")
    assert last.startswith("  installed, ")


def test_a_failure_shows_the_output_of_pip(requirements: Path, tmp_path: Path) -> None:
    """And ends with its status."""
    out = io.StringIO()
    assert install.install(python(tmp_path, status=3), [requirements], out) == 3
    assert "ERROR: a cause" in out.getvalue()
    assert "  installed" not in out.getvalue()


def test_a_terminal_shows_one_line(requirements: Path, tmp_path: Path) -> None:
    """It is replaced each second."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    assert install.install(python(tmp_path, seconds=2.5), [requirements], out) == 0
    assert out.getvalue().count("\n") == 2
    assert "\r\x1b[K  downloaded 2 of 2 packages, " in out.getvalue()


def test_the_usage_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a requirements file there is nothing to do."""
    assert install.main([".venv"]) == 2
    assert "usage" in capsys.readouterr().err
