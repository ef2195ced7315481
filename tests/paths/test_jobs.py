"""Jobs in real worker processes, on the embedded default (SQLite, no Redis).

Links: `jobs.enqueue` in a second process, queue, worker, handler, recorder and progress, local channel layer, server, subscriber; and what
happens when the worker or the server is killed. The servers of these tests do not poll for lost notifications.
"""

import asyncio
import os
import re
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests import servers
from tests.paths.conftest import SITE
from tests.paths.test_second_process import Shell, shell
from tests.servers import Server
from tests.streaming.transports.client import connected, is_kind

ENV = {**SITE, "APPS": "tests.insights.jobs.site", "SITE_POLL_S": "3600", "DRAIN_S": "1"}
WAIT_S = 120.0
WITHIN_S = 1.0

IMPORTS = """
from django.contrib.auth.models import User
from insights import jobs
from insights.models import Job
user = User.objects.order_by("pk").first().pk
"""


async def eventually(found: Callable[[], Any]) -> Any:
    """Wait until a function returns something, and return it."""
    async with asyncio.timeout(WAIT_S):
        while not (result := await asyncio.to_thread(found)):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return result


def children(server: Server) -> list[int]:
    """Return the process ids of a server's workers."""
    assert server.process is not None
    found = subprocess.run(["pgrep", "-P", str(server.process.pid), "-f", "worker"], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that ended and was not waited for does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def lines(path: Path) -> list[str]:
    """Return the lines of a file that may not exist yet."""
    return path.read_text().split("\n")[:-1] if path.exists() else []


def job_of(server: Server, job_id: str) -> dict[str, Any]:
    """Return a job by REST."""
    status, answer = server.get(f"/v1/job/{job_id}", server.token())
    assert status == 200, answer
    return dict(answer)


async def enqueued(second: Shell, kind: str, parameters: dict[str, Any], more: str = "") -> str:
    """Enqueue a job in the second process and return its id."""
    job_id = await second.run(f"print(jobs.enqueue({kind!r}, user, {parameters!r}{more}).pk, flush=True)")
    assert await second.line() == "done", job_id
    return job_id


@pytest.fixture(scope="module")
def server(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a worker; the last test of this file kills it."""
    made = Server(servers.copied(migrated_data, tmp_path_factory.mktemp("jobs") / "data"), ENV, worker=True).start()
    made.token()
    yield made
    made.kill()


@pytest.fixture
async def second(server: Server) -> AsyncIterator[Shell]:
    """A shell on the server's data."""
    async with shell(server, IMPORTS) as opened:
        yield opened


async def test_progress_and_messages_reach_a_live_page(server: Server, second: Shell) -> None:
    """A subscriber gets what a worker stores, and its progress, within a second and in order."""
    token, room = server.token(), uuid4().hex
    took: list[float] = []
    async with connected(server, token, room) as speaker, connected(server, token, room, "/v1/subscribe/") as subscriber:
        conversation = await speaker.start("Anna")
        job_id = await enqueued(second, "talk", {"count": 5}, f", conversation_id={conversation}")
        for number in range(1, 6):
            message = await subscriber.wait("message_response", number)
            (sent_at,) = re.findall(r"\d{13}", message["messages"][0]["payload"]["content"])
            took.append(time.time() - int(sent_at) / 1000)
        await subscriber.wait(lambda message: is_kind("job_progress")(message) and message["message"]["status"] == "completed")
        progress = [message["message"] for message in subscriber.of("job_progress")]
    assert min(took) < WITHIN_S  # a busy machine may take longer now and then
    assert {one["jobId"] for one in progress} == {job_id}
    percents = [one["progress"] for one in progress]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert any(0 < percent < 100 for percent in percents)


async def test_a_worker_that_is_killed(server: Server, second: Shell, tmp_path: Path) -> None:
    """The server starts another one, which begins the job again; the killed attempt counts."""
    path = tmp_path / "ran"
    (worker,) = await eventually(lambda: children(server))
    job_id = await enqueued(second, "slow", {"path": str(path), "seconds": 60})
    assert (await eventually(lambda: lines(path)))[0] == f"{worker} 1"
    await second.run(f"Job.objects.filter(pk={job_id!r}).update(parameters={{'path': {str(path)!r}, 'seconds': 1}})")
    os.kill(worker, signal.SIGKILL)
    await eventually(lambda: job_of(server, job_id)["status"] == "completed")
    first, again = lines(path)
    assert again.endswith(" 2")
    assert again.split()[0] != first.split()[0]
    assert job_of(server, job_id)["attempts"] == 2


async def test_cancel_a_running_job(server: Server, second: Shell, tmp_path: Path) -> None:
    """By REST: the worker ends it within some seconds."""
    path = tmp_path / "ran"
    job_id = await enqueued(second, "slow", {"path": str(path), "seconds": 600})
    await eventually(lambda: lines(path))
    async with httpx.AsyncClient(headers={"x-api-key": server.token()}, timeout=WAIT_S) as client:
        answer = await client.post(f"{server.url}/v1/job/{job_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "in_progress")
    job = await eventually(lambda: (one := job_of(server, job_id))["status"] == "failed" and one)
    assert job["reason"] == "cancelled"


async def test_a_server_that_is_killed(server: Server, second: Shell, tmp_path: Path) -> None:
    """Its worker notices, hands its job back, which does not count as an attempt, and ends."""
    path = tmp_path / "ran"
    (worker,) = await eventually(lambda: children(server))
    job_id = await enqueued(second, "slow", {"path": str(path), "seconds": 600})
    await eventually(lambda: lines(path))
    assert server.process is not None
    server.process.kill()
    await eventually(lambda: not is_alive(worker))
    assert await second.run(f"job = Job.objects.get(pk={job_id!r}); print(job.status, job.attempts, flush=True)") == "scheduled 0"


async def test_a_server_that_stops(server: Server, second: Shell, tmp_path: Path) -> None:
    """A new server runs what waits. SIGTERM ends the worker too, and gives a handler that listens to nothing no time beyond the limit."""
    if server.process is None or server.process.poll() is not None:
        await asyncio.to_thread(server.start)
    (worker,) = await eventually(lambda: children(server))
    job_id = await enqueued(second, "stubborn", {"path": str(tmp_path / "ran"), "seconds": 600})
    await eventually(lambda: lines(tmp_path / "ran"))
    assert await asyncio.to_thread(server.stop) == 0
    assert not is_alive(worker)
    assert await second.run(f"job = Job.objects.get(pk={job_id!r}); print(job.status, job.attempts, flush=True)") == "scheduled 0"
