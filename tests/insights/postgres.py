"""A temporary PostgreSQL cluster for tests, on a free port; root starts it as an unprivileged user, because the server refuses root.

Most tests get a copy of a cluster with this version's tables, which the first of them leaves in .cache: initdb and the migrations take
15 s of CPU.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import ROOT, Server, free_port, one_migration

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
    """Run a cluster and yield the URL of a database without tables. Call it only if `lacking` returns an empty text."""
    with _new_folder() as place:
        place.create()
        with place.running(new=True) as url:
            yield url


@contextmanager
def migrated_cluster() -> Iterator[str]:
    """Run a cluster and yield the URL of a database with empty tables. Call it only if `lacking` returns an empty text."""
    with _new_folder() as place:
        with one_migration():
            if not (kept := _kept(place)).is_dir():
                _keep(kept)
            shutil.copytree(kept, place.data)
        place.give_to_account()
        with place.running() as url:
            yield url


def run_tests(tests: Sequence[Path], timeout: float) -> None:
    """Run files of tests in a process of its own, whose database is a migrated one on PostgreSQL. Raises AssertionError if one fails."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *map(str, tests)]
    with migrated_cluster() as url:
        env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        env |= {"PARLEY_TEST_DATABASE_URL": url, "PARLEY_TEST_MIGRATED": "yes"}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


@dataclass(frozen=True)
class _Cluster:
    """The folder of a cluster."""

    folder: Path
    programs: Path
    account: str
    """The account that runs it, or an empty text for the present one."""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def run(self, program: str, *args: str) -> str:
        """Run a program of PostgreSQL and return its output. Raises RuntimeError with its errors and the server's log."""
        as_account = ["runuser", "-u", self.account, "--"] if self.account else []
        command = [*as_account, str(self.programs / program), *args]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=100, check=False)
        if done.returncode:
            log = self.folder / "log"
            raise RuntimeError(f"{program} failed: {done.stderr}{log.read_text() if log.exists() else ''}")
        return done.stdout

    def create(self) -> None:
        """Make a cluster without our database."""
        self.run("initdb", "-D", str(self.data), "-U", "parley", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")

    def give_to_account(self) -> None:
        """Make the account the owner of the files."""
        if self.account:
            for one in (self.data, *self.data.rglob("*")):
                shutil.chown(one, self.account)

    @contextmanager
    def running(self, *, new: bool = False, stop: str = "immediate") -> Iterator[str]:
        """Run the server and yield the URL of our database, which is created in a new cluster."""
        port = free_port()
        options = f"{_OPTIONS} -c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={self.folder}"
        command = ("-D", str(self.data), "-l", str(self.folder / "log"), "-o", options, "-w", "-t", "90", "start")
        self.run("pg_ctl", *command)
        try:
            if new:
                self.run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "parley", "parley")
            yield f"postgres://parley@127.0.0.1:{port}/parley"
        finally:
            self.run("pg_ctl", "-D", str(self.data), "-m", stop, "-w", "stop")


@contextmanager
def _new_folder() -> Iterator[_Cluster]:
    programs = binaries()
    if programs is None:
        raise RuntimeError(lacking())
    folder = Path(tempfile.mkdtemp(prefix="parley-pg-"))
    account = _account() if os.geteuid() == 0 else ""
    try:
        if account:
            shutil.chown(folder, account)
        yield _Cluster(folder, programs, account)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _kept(place: _Cluster) -> Path:
    """Return where the migrated cluster of this version, of the code and of PostgreSQL, is kept."""
    from insights.management import template_database

    version = "-".join(place.run("initdb", "--version").split()[2:3])
    return ROOT / ".cache" / f"{Path(template_database.name()).stem}-postgresql-{version}"


def _keep(kept: Path) -> None:
    """Make a migrated cluster, and keep it in one step. Those of other versions are removed."""
    with _new_folder() as place:
        place.create()
        with place.running(new=True, stop="fast") as url:
            Server(place.folder / "parley", {"DATABASE_URL": url, "SECRET_KEY": "x" * 50}).manage("migrate", "--verbosity", "0")
        for former in kept.parent.glob("migrated-*-postgresql-*"):
            shutil.rmtree(former)
        unfinished = kept.with_name(f"unfinished-{kept.name}")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(place.data, unfinished)
        unfinished.replace(kept)


def _account() -> str:
    accounts = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in _ACCOUNTS if name in accounts), "")
