"""The audio of a file, decoded by a process with limits (`streaming/audio/decode_file.py`) and read with back-pressure."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from streaming.audio.decoded_records import AUDIO, END, HEADER, REFUSED, DecodeOptions, FileHeader, read_record

STALL_S = 120.0
"""Seconds without a byte from the decoding process, after which the file is given up. It decodes hundreds of seconds in one."""
POLL_S = 1.0
"""Interval in seconds at which the wait for the process looks whether the import must end."""
_ROOT = Path(__file__).resolve().parents[2]


def lower_priority(process: "subprocess.Popen[bytes]", by: int) -> None:
    """Lower the priority of a process that was just started; its threads inherit that."""
    with suppress(OSError):  # it has ended, or the system forbids it
        os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + by)


class FileRefused(Exception):
    """The file cannot be used; the text says why, for people."""


class DecodedFile:
    """A file that is being decoded: a context manager with its header and its audio.

    Args:
        path: the file, which only this process opens.
        options: limits, and whether two channels stay separate.
        check: called while the decoding process is awaited; may raise.
        nice: how much lower the priority of the decoding process is.
    """

    def __init__(self, path: Path, options: DecodeOptions, check: Callable[[], None] = lambda: None, *, nice: int = 0) -> None:
        self._check = check
        command = [sys.executable, "-m", "streaming.audio.decode_file", json.dumps(asdict(options))]
        environment = {"PYTHONPATH": str(_ROOT), "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        with open(path, "rb") as file:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=_ROOT
            )
        lower_priority(self._process, nice)
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        self._pipe = self._process.stdout

    def __enter__(self) -> "DecodedFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        self._pipe.close()

    def header(self) -> FileHeader:
        """Return what the container says; call it once, first. Raises FileRefused."""
        kind, payload = self._next()
        if kind != HEADER:
            raise FileRefused("the file cannot be decoded")
        return FileHeader(**json.loads(payload))

    def blocks(self) -> Iterator[bytes]:
        """Yield the audio: blocks of interleaved int16 at 16 kHz, in order. Raises FileRefused, also in the middle."""
        while (record := self._next())[0] != END:
            yield record[1]

    def _next(self) -> tuple[bytes, bytes]:
        record = read_record(self)
        if record is None:
            raise FileRefused(self._reason())
        kind, payload = record
        if kind == REFUSED:
            raise FileRefused(payload.decode(errors="replace")[:400])
        if kind not in (HEADER, AUDIO, END):
            raise FileRefused("the file cannot be decoded")
        return kind, payload

    def read(self, size: int) -> bytes:
        """Return so many bytes of the pipe, or less at its end. Raises FileRefused if the process does not answer."""
        parts = bytearray()
        waiting_since = time.monotonic()
        while len(parts) < size:
            if select.select([self._pipe], [], [], POLL_S)[0]:
                part = os.read(self._pipe.fileno(), size - len(parts))
                if not part:
                    break
                parts += part
                waiting_since = time.monotonic()
                continue
            self._check()
            if time.monotonic() - waiting_since > STALL_S:
                raise FileRefused("decoding the file takes too long")
        return bytes(parts)

    def _reason(self) -> str:
        """Return why the process ended early."""
        code = self._process.wait()
        if code == -signal.SIGXCPU:
            return "decoding the file takes too much processor time"
        return "the file cannot be decoded: it is damaged, or needs too much memory"
