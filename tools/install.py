"""`python tools/install.py VENV FILE...`: install pinned requirements into a virtual environment, with progress lines.

It uses the standard library only, because it runs before anything is installed.
"""

import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

PIP = ("-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off", "--require-hashes", "--no-deps")
REPORT_S = 5.0
"""Seconds between two progress lines; a terminal shows one line that is replaced each second."""
DONE = re.compile(r"^(?:Collecting|Requirement already satisfied:) ")
PINNED = re.compile(r"^[A-Za-z0-9._-]+(?:\[[^\]]*\])?==", re.MULTILINE)


def count_pinned(files: Iterable[Path]) -> int:
    """Return the number of packages that requirements files pin."""
    return sum(len(PINNED.findall(file.read_text())) for file in files)


class DownloadProgress:
    """Prints how many packages are downloaded: one line that is replaced on a terminal, a line every few seconds elsewhere."""

    def __init__(self, total: int, out: TextIO) -> None:
        self._total, self._out, self._terminal = total, out, out.isatty()
        self._done = 0
        self._text = ""
        self._start = self._reported = time.monotonic()
        out.write(f"Installing {total} packages\n")
        out.flush()

    def read(self, line: str) -> None:
        """Take a line of pip's output."""
        if DONE.match(line):
            self._done += 1
            self._text = f"downloaded {min(self._done, self._total)} of {self._total} packages"
        elif line.startswith("Installing collected packages"):
            self._text = "copying files"

    def report(self) -> None:
        """Print the progress, if the last report is old enough."""
        now = time.monotonic()
        if not self._text or now - self._reported < (1 if self._terminal else REPORT_S):
            return
        self._reported = now
        line = f"  {self._text}, {now - self._start:.0f} s"
        self._out.write(f"\r\x1b[K{line}" if self._terminal else f"{line}\n")
        self._out.flush()

    def finish(self, result: str) -> None:
        """Print the result and the time that it took."""
        clear = "\r\x1b[K" if self._terminal else ""
        self._out.write(f"{clear}  {result}, {time.monotonic() - self._start:.0f} s\n")
        self._out.flush()


def _lines(process: "subprocess.Popen[str]") -> Iterator[str | None]:
    """Yield pip's lines as they come, and None each second without one."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in process.stdout or ():
            lines.put(line)
        lines.put(None)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    while True:
        try:
            line = lines.get(timeout=1)
        except queue.Empty:
            yield None
            continue
        if line is None:
            return
        yield line


def install(python: Path, files: list[Path], out: TextIO) -> int:
    """Install requirements files one after the other; return pip's exit status, after its output if it failed."""
    progress = DownloadProgress(count_pinned(files), out)
    for file in files:
        output = []
        with subprocess.Popen(
            [str(python), *PIP, "-r", str(file)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process:
            for line in _lines(process):
                if line is not None:
                    output.append(line)
                    progress.read(line)
                progress.report()
        if process.returncode:
            progress.finish("failed")
            out.write("".join(output))
            return process.returncode
    progress.finish("installed")
    return 0


def main(arguments: list[str]) -> int:
    """Install the files named on the command line into the virtual environment named first."""
    if len(arguments) < 2:
        sys.stderr.write("usage: python tools/install.py VENV FILE...\n")
        return 2
    return install(Path(arguments[0]) / "bin" / "python", [Path(name) for name in arguments[1:]], sys.stdout)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
