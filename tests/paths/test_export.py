"""Export: REST, job, worker process, storage, download; a worker that is killed, and a deletion that reaches the file.

Links: job in the transaction of the request, worker process, heartbeat and second attempt, storage, access at the download, signal of the
deletion, job that removes the file.
"""

import asyncio
import json
import os
import re
import signal
import sqlite3
import urllib.request
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tests.insights import postgres
from tests.paths.conftest import eventually
from tests.paths.test_import import ended, send_json
from tests.servers import Server
from tests.services import running_redis

MESSAGES = 10_000
FILL = f"""
import json
from django.contrib.auth.models import User
from insights.models import Conversation
from tests.bench.reading_child import fill
talk = fill(User.objects.get(), {MESSAGES})
print(json.dumps([str(talk.pk), str(Conversation.objects.exclude(pk=talk.pk).first().pk)]))
"""


def download(server: Server, token: str, export_id: str) -> bytes:
    """Return the file of an export."""
    request = urllib.request.Request(f"{server.url}/v1/exports/{export_id}/file", headers={"x-api-key": token})
    with urllib.request.urlopen(request, timeout=60) as response:
        data: bytes = response.read()
        assert len(data) == int(response.headers["Content-Length"])
    return data


def stored_files(server: Server) -> list[Path]:
    """Return all files of exports, finished or not."""
    return [path for path in (server.data / "exports").rglob("*") if path.is_file()]


def attempts(server: Server, job_id: str) -> tuple[str, float]:
    """Return status and progress of a job, straight from the file."""
    with closing(sqlite3.connect(f"file:{server.data / 'parley.sqlite3'}?mode=ro", uri=True, timeout=30)) as database:
        row: tuple[str, float] = database.execute(
            "SELECT status, progress FROM insights_job WHERE id = ?", [job_id.replace("-", "")]
        ).fetchone()
    return row


async def test_a_killed_worker_and_a_deletion(make_server: Callable[..., Server]) -> None:
    """The file is made again from its beginning and is whole; after a message was deleted it is refused at once and then gone."""
    server = await asyncio.to_thread(lambda: make_server(worker=True, WORKER_NICE="0"))
    token = await asyncio.to_thread(server.token)
    talk, other = json.loads(await asyncio.to_thread(server.manage, "shell", "--no-imports", "-v0", "-c", FILL))
    body = {"conversationIds": [talk, other], "format": "json"}
    status, made = await asyncio.to_thread(send_json, server, token, "/v1/exports", body)
    assert status == 201, made
    while (now := attempts(server, made["jobId"]))[0] != "in_progress" or now[1] == 0:
        assert now[0] in ("scheduled", "in_progress"), "the job ended before it was seen to run"
        await asyncio.sleep(0.005)
    workers = re.findall(r"worker (\d+) runs", "".join(server.output))
    os.kill(int(workers[-1]), signal.SIGKILL)
    left = stored_files(server)
    assert [path.parent.name for path in left] == ["unfinished"], "the worker was killed too late"
    job = await ended(server, token, made["jobId"])
    assert (job["status"], job["attempts"]) == ("completed", 2), job
    assert [path.parent.name for path in stored_files(server)] == [made["exportId"]]
    document = exported(await asyncio.to_thread(download, server, token, made["exportId"]), talk)
    said = document["messages"]
    assert len({one["id"] for one in said}) == len(said) == MESSAGES
    path = f"/v1/conversations/{talk}/messages/{said[7]['id']}"
    assert (await asyncio.to_thread(server.request, "DELETE", path, token))[0] == 200
    status, problem = await asyncio.to_thread(server.get, f"/v1/exports/{made['exportId']}/file", token)
    assert (status, "were deleted" in problem["message"]) == (410, True)

    async def files() -> list[Path]:
        return stored_files(server)

    assert await eventually(files, lambda found: not found) == []


SHORT = """
from django.contrib.auth.models import User
from tests.bench.reading_child import fill
print(fill(User.objects.get(), 200).pk)
"""


@pytest.mark.skipif(bool(postgres.lacking()), reason=postgres.lacking())
async def test_on_postgresql_with_tasks_in_redis(tmp_path: Path) -> None:
    """The worker gets the task from Redis, also one that was put there while none ran; a deletion removes the file."""
    with running_redis(tmp_path) as redis_url, postgres.migrated_cluster() as database_url:
        shared = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "TASK_QUEUE": "redis", "SECRET_KEY": "x" * 50}
        server = Server(tmp_path / "data", {"RECOGNISER": "scripted", "WORKER_NICE": "0", **shared}, worker=True)
        await asyncio.to_thread(server.manage, "migrate", "--verbosity", "0")
        try:
            await asyncio.to_thread(server.start)
            token = await asyncio.to_thread(server.token)
            talk = (await asyncio.to_thread(server.manage, "shell", "--no-imports", "-v0", "-c", SHORT)).strip()
            server.kill()
            server.worker = False
            await asyncio.to_thread(server.start)
            status, made = await asyncio.to_thread(send_json, server, token, "/v1/exports", {"conversationIds": [talk], "format": "md"})
            assert status == 201, made
            server.kill()
            server.worker = True
            await asyncio.to_thread(server.start)
            job = await ended(server, token, made["jobId"])
            assert job["status"] == "completed", job
            text = (await asyncio.to_thread(download, server, token, made["exportId"])).decode()
            said = (await asyncio.to_thread(server.get, f"/v1/conversations/{talk}/messages", token))[1]["messages"]
            assert len(said) == 200
            assert said[7]["text"].partition(" ")[0] in text
            path = f"/v1/conversations/{talk}/messages/{said[7]['id']}"
            assert (await asyncio.to_thread(server.request, "DELETE", path, token))[0] == 200
            assert (await asyncio.to_thread(server.get, f"/v1/exports/{made['exportId']}/file", token))[0] == 410

            async def files() -> list[Path]:
                return stored_files(server)

            assert await eventually(files, lambda found: not found) == []
        finally:
            server.kill()


def exported(archive: bytes, conversation_id: str) -> dict[str, Any]:
    """Return a conversation of an archive."""
    with ZipFile(BytesIO(archive)) as opened:
        assert opened.testzip() is None
        (name,) = [one for one in opened.namelist() if conversation_id in one]
        (talk,) = json.loads(opened.read(name))["conversations"]
    return dict(talk)
