"""The worker beside a program: it runs jobs, with the settings from before the program began, and ends with the server."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes import priorities
from tests.programs import RunningProgram

WAIT_S = 120.0
APP = """
import os
import time

import uvicorn
from fastrtc import Stream
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

os.environ["DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/of_the_program"
os.environ["DATA_DIR"] = "of_the_program"
os.chdir("/")


def fork(request):
    child = os.fork()
    if not child:
        time.sleep(600)  # with every file of the server open
        os._exit(0)
    return PlainTextResponse(str(child))


app = Starlette(routes=[Route("/fork", fork)])
mirror = Stream(lambda image: image)
mirror.mount(app)
uvicorn.run(app)
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[RunningProgram]:
    """A program with a worker beside it."""
    running = RunningProgram(tmp_path, {"app.py": APP}, worker=True)
    yield running
    running.kill()


def eventually(found: Callable[[], object], program: RunningProgram) -> None:
    """Wait until something is true."""
    until = time.monotonic() + WAIT_S
    while not found():
        assert time.monotonic() < until, program.lines
        time.sleep(0.05)


def worker_of(program: RunningProgram) -> int:
    """Return the process id of the worker, once it runs jobs."""
    eventually(lambda: re.search(r"worker \d+ runs", program.lines), program)
    return int(re.findall(r"worker (\d+) runs", program.lines)[-1])


def alive(pid: int) -> bool:
    """Whether a process runs, and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_jobs_of_a_program_run(program: RunningProgram) -> None:
    """In the database beside the program, at the priority of the server; SIGTERM ends the worker, too."""
    program.start()
    worker, token = worker_of(program), program.token()
    assert program.process is not None
    assert priorities(worker) == priorities(program.process.pid)
    message = {"payload": {"content": "Can we ship it on Monday?"}, "from": {"name": "Jane"}}
    status, answer = program.send("POST", "/v1/process/text", token, {"messages": [message]})
    assert status == 201, answer
    eventually(lambda: program.get(f"/v1/job/{answer['jobId']}", token)[1]["status"] == "completed", program)
    assert program.stop() == -signal.SIGTERM
    assert not alive(worker)


def test_the_worker_ends_when_the_server_is_killed(program: RunningProgram) -> None:
    """Although a process that the program forked holds the pipe between them open."""
    program.start()
    worker = worker_of(program)
    _, child = program.get("/fork")
    assert program.process is not None
    try:
        os.kill(program.process.pid, signal.SIGKILL)
        program.process.wait()
        eventually(lambda: not alive(worker), program)
    finally:
        os.kill(int(child), signal.SIGKILL)


def test_no_worker(tmp_path: Path) -> None:
    """With --no-worker nothing but the server runs."""
    program = RunningProgram(tmp_path, {"app.py": "from fastrtc import Stream\n\nmirror = Stream(lambda image: image)\n"}).start()
    try:
        assert program.process is not None
        children = Path(f"/proc/{program.process.pid}/task/{program.process.pid}/children").read_text()
        assert children == ""
        assert "--no-worker" in program.options
    finally:
        program.kill()
