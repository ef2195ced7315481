"""The fork server of the tests: a forked process is like an interpreter of its own."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.fork_server import ForkedProcess, ForkServer

ENDS_S = 60.0
LOOK = """
import json, os, signal, sys, threading
print(json.dumps({
    "name": __name__, "argv": sys.argv, "env": dict(os.environ), "leads": os.getsid(0) == os.getpid(), "folder": os.getcwd(),
    "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd")), "threads": threading.active_count(),
    "child_handler": signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL, "forked": "tests.fork_server" in sys.orig_argv,
}))
print("to the other", file=sys.stderr)
sys.exit(3)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    """A fork server of this file."""
    server = ForkServer()
    yield server
    server.close()


def start(server: ForkServer, folder: Path, code: str, *arguments: str, env: Mapping[str, str] = os.environ) -> ForkedProcess:
    """Fork a process that runs Python code; its output is in the files `out` and `errors` of the folder."""
    (folder / "program.py").write_text(code)
    with (folder / "out").open("w") as out, (folder / "errors").open("w") as errors:
        process = server.start((str(folder / "program.py"), *arguments), env, out.fileno(), errors.fileno())
    assert process is not None
    return process


def test_a_forked_process_is_like_a_new_one(server: ForkServer, tmp_path: Path) -> None:
    """It has its own session, exactly the environment, the output that it was given, no other open file, and its exit code."""
    env = {**os.environ, "ONLY_HERE": "yes"}
    process = start(server, tmp_path, LOOK, "--fast", env=env)
    assert process.wait(ENDS_S) == process.poll() == 3
    found = json.loads((tmp_path / "out").read_text())
    assert (tmp_path / "errors").read_text() == "to the other\n"
    assert found["forked"] is True
    assert found["env"] == env | {"DJANGO_SETTINGS_MODULE": "config.settings", "OPENBLAS_NUM_THREADS": "1", "TZ": "UTC"}
    assert found["argv"] == [str(tmp_path / "program.py"), "--fast"]
    assert (found["name"], found["leads"], found["threads"]) == ("__main__", True, 1)
    assert found["folder"] == str(Path(__file__).parents[2])
    assert found["child_handler"] is True
    assert len(found["descriptors"]) == 4  # the three standard ones, and that of the list itself


def test_each_process_has_its_own_settings(server: ForkServer, tmp_path: Path) -> None:
    """Settings are those of the environment of the process, also those that depend on others."""
    look = "from django.conf import settings; from django.db import connection; print(settings.PORT, connection.settings_dict['NAME'])"
    for port in ("81", "82"):
        folder = tmp_path / port
        folder.mkdir()
        assert start(server, folder, look, env={**os.environ, "PORT": port, "DATA_DIR": str(folder)}).wait(ENDS_S) == 0
        assert (folder / "out").read_text().split() == [port, str(folder / "parley.sqlite3")]


@pytest.mark.parametrize(
    ("env", "code", "text"),
    [
        ({"INSIGHT_KINDS": "tests.insights.decisions.kinds.DECISION"}, 0, "kinds\n"),
        ({"PORT": "eighty"}, 1, "PORT='eighty'"),
    ],
)
def test_settings_that_the_imports_read(server: ForkServer, tmp_path: Path, env: dict[str, str], code: int, text: str) -> None:
    """Where they differ, or are invalid, an interpreter of its own runs the command line."""
    look = "import sys; assert 'tests.fork_server' not in sys.orig_argv; print('kinds')"
    with (tmp_path / "out").open("w") as out:
        command = ("manage.py", "shell", "--no-imports", "-v0", "-c", look)
        process = server.start(command, {**os.environ, "DATA_DIR": str(tmp_path), **env}, out.fileno(), out.fileno())
    assert process is not None
    assert process.wait(ENDS_S) == code
    assert text in (tmp_path / "out").read_text()


def test_a_module_is_run(server: ForkServer, tmp_path: Path) -> None:
    """A command line may begin with -m."""
    with (tmp_path / "out").open("w") as out:
        process = server.start(("-m", "json.tool", "--help"), os.environ, out.fileno(), out.fileno())
    assert process is not None
    assert process.wait(ENDS_S) == 0
    assert "usage" in (tmp_path / "out").read_text()


def test_an_exception_ends_the_process(server: ForkServer, tmp_path: Path) -> None:
    """The exit code is 1, and the traceback is printed."""
    assert start(server, tmp_path, "raise LookupError('lost')").wait(ENDS_S) == 1
    assert "LookupError: lost" in (tmp_path / "errors").read_text()


def test_exit_handlers_run(server: ForkServer, tmp_path: Path) -> None:
    """The interpreter of a forked process ends as usual: threads are waited for, then exit handlers run."""
    code = "import atexit, threading, time; atexit.register(print, 'exit'); threading.Timer(0.2, print, ['thread']).start()"
    assert start(server, tmp_path, code).wait(ENDS_S) == 0
    assert (tmp_path / "out").read_text().split() == ["thread", "exit"]


def test_a_killed_process(server: ForkServer, tmp_path: Path) -> None:
    """A signal reaches it, and its exit code is that of the signal; others run on."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = (start(server, tmp_path / name, "import time; time.sleep(600)") for name in ("one", "two"))
    assert one.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        one.wait(0.01)
    one.kill()
    assert one.wait(ENDS_S) == -signal.SIGKILL
    one.kill()  # does nothing
    assert two.poll() is None
    two.terminate()
    assert two.wait(ENDS_S) == -signal.SIGTERM


@pytest.mark.parametrize("name", ["PYTHONPATH", "PYTHONWARNINGS", "LD_PRELOAD", "OPENBLAS_NUM_THREADS"])
def test_an_environment_that_an_interpreter_reads_at_its_start(server: ForkServer, name: str) -> None:
    """No process is forked: its interpreter has started already."""
    assert server.start(("-m", "this"), {**os.environ, name: "7"}, 1, 2) is None


def test_processes_live_on_without_the_fork_server(tmp_path: Path) -> None:
    """The end of the fork server ends none of them; their exit codes are unknown from then on."""
    server = ForkServer()
    process = start(server, tmp_path, "import time; time.sleep(600)")
    server.close()
    os.kill(process.pid, 0)  # it is there
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="ended before"):
        process.wait()


KILLED = """
import os, sys, time
from tests.fork_server import ForkServer
server = ForkServer()
process = server.start((sys.argv[1],), {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}, 1, 2)
(_, parent), = server._servers.values()
print(process.pid, parent.pid, flush=True)
time.sleep(600)
"""


def test_nothing_is_left_of_a_killed_test_run(tmp_path: Path) -> None:
    """SIGKILL of the process that asked ends the fork server and what it forked."""
    script = tmp_path / "sleep.py"
    script.write_text("import time; time.sleep(600)")
    run = subprocess.Popen([sys.executable, "-c", KILLED, str(script)], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    pids = [int(pid) for pid in run.stdout.readline().split()]
    assert len(pids) == 2
    left = [os.pidfd_open(pid) for pid in pids]
    run.kill()
    run.wait()
    run.stdout.close()
    try:
        for pidfd in left:
            assert select.select([pidfd], [], [], ENDS_S)[0], "a process was left"
    finally:
        for pid, pidfd in zip(pids, left, strict=True):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.close(pidfd)
