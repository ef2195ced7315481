"""A temporary PostgreSQL cluster for tests, on a free port; root starts it as an unprivileged user, because the server refuses root."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import free_port

_ACCOUNTS = ("postgres", "nobody")
_OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=100 -c shared_buffers=32MB"


def binaries() -> Path | None:
    """Return the folder of the newest installed initdb."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def lacking() -> str:
    """Return in one line what is missing for a cluster, or an empty text."""
    if binaries() is None:
        return "PostgreSQL is not installed (initdb was not found)"
    if os.geteuid() == 0 and not (_account() and shutil.which("runuser")):
        return "PostgreSQL does not run as root, and there is no account to run it as"
    return ""


@contextmanager
def cluster() -> Iterator[str]:
    """Run a cluster and yield the URL of an empty database. Call it only if `lacking` returns an empty text."""
    bin_folder = binaries()
    if bin_folder is None:
        raise RuntimeError(lacking())
    folder = Path(tempfile.mkdtemp(prefix="parley-pg-"))
    account = _account() if os.geteuid() == 0 else ""
    if account:
        shutil.chown(folder, account)
    as_account = ["runuser", "-u", account, "--"] if account else []
    data, log, port = folder / "data", folder / "log", free_port()

    def run(program: str, *args: str) -> None:
        done = subprocess.run([*as_account, str(bin_folder / program), *args], cwd=folder, capture_output=True, text=True, timeout=100)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr}{log.read_text() if log.exists() else ''}")

    options = f"{_OPTIONS} -c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
    try:
        run("initdb", "-D", str(data), "-U", "parley", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        run("pg_ctl", "-D", str(data), "-l", str(log), "-o", options, "-w", "-t", "90", "start")
        try:
            run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "parley", "parley")
            yield f"postgres://parley@127.0.0.1:{port}/parley"
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> str:
    accounts = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in _ACCOUNTS if name in accounts), "")
