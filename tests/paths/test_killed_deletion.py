"""A server that is killed while it removes a large conversation: nobody reads it meanwhile, and the next start removes the rest."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.paths.conftest import eventually
from tests.servers import Server

MESSAGES = 10_000
LOOK_S = 0.005

FILL = f"""
import json
from uuid import uuid4
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils import timezone
from insights.models import Event, StoredAudio
from tests.bench.reading_child import fill
talk = fill(User.objects.get(), {MESSAGES})
now = timezone.now()
Event.objects.bulk_create(
    [Event(conversation=talk, number=number, kind="messages", payload={{"messages": []}}, created_at=now) for number in range(1, 3001)]
)
audio = uuid4()
name = storages["audio"].save(f"{{talk.pk}}/{{audio}}.ogg", ContentFile(b"OggS"))
StoredAudio.objects.create(id=audio, conversation=talk, session_id=audio, state="stored", name=name, started_at=now, seconds=1, size=4)
print(json.dumps([talk.pk, storages["audio"].path(name)]))
"""
TABLES = ("message", "event", "speaker", "member", "storedaudio", "searchtext")


def rows(server: Server, conversation_id: int) -> dict[str, int]:
    """Return the number of rows of a conversation by table, straight from the file."""
    with closing(sqlite3.connect(f"file:{server.data / 'parley.sqlite3'}?mode=ro", uri=True, timeout=30)) as database:
        count = "SELECT count(*) FROM insights_{} WHERE conversation_id = ?"
        return {table: database.execute(count.format(table), [conversation_id]).fetchone()[0] for table in TABLES}


def is_there(file: str) -> bool:
    """Return whether a file exists."""
    return Path(file).exists()


async def status(server: Server, token: str, path: str) -> int:
    """Return the status of a GET request."""
    return (await asyncio.to_thread(server.get, path, token))[0]


async def test_a_large_deletion_that_is_interrupted(make_server: Callable[..., Server]) -> None:
    """The rows that a killed server left are hidden at once and after the restart, and then gone, with the file and the search index."""
    server = await asyncio.to_thread(make_server)
    token = await asyncio.to_thread(server.token)
    conversation_id, file = json.loads(await asyncio.to_thread(server.manage, "shell", "--no-imports", "-v0", "-c", FILL))
    path = f"/v1/conversations/{conversation_id}"
    assert await status(server, token, path) == 200
    assert is_there(file)
    assert rows(server, conversation_id)["searchtext"] >= MESSAGES
    deleting = asyncio.create_task(asyncio.to_thread(_delete, server, token, path))
    total = sum(rows(server, conversation_id).values())
    while sum(rows(server, conversation_id).values()) == total:
        assert not deleting.done(), "the deletion ended before it was seen to begin"
        await asyncio.sleep(LOOK_S)
    assert await status(server, token, path) == 404
    server.kill()
    await deleting
    left = rows(server, conversation_id)
    assert 0 < left["message"] <= MESSAGES, "the server was killed too late"
    await asyncio.to_thread(server.start)
    assert await status(server, token, path) == 404
    assert await status(server, token, f"{path}/messages") == 404

    async def remaining() -> int:
        return sum(rows(server, conversation_id).values())

    assert await eventually(remaining, lambda count: count == 0) == 0
    assert not is_there(file)


def _delete(server: Server, token: str, path: str) -> None:
    """Ask for the deletion; the server is killed before or after it answers."""
    try:
        server.request("DELETE", path, token)
    except OSError:
        return
