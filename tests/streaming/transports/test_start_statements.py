"""The SQL statements of a start and a stop: their number is fixed, and settings of the account take effect at the next start."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db.backends.utils import CursorWrapper

from insights import managed
from insights.models import AccountSettings
from streaming.aio.database_executors import run_write
from tests.streaming.streams.conftest import script
from tests.streaming.transports.test_channels_consumers import Connect, bearer, close_code, connect, speak, wait_for

__all__ = ["bearer", "connect", "script"]

START = [
    "SELECT insights_app",
    "SELECT insights_accountvocabulary",  # with the settings of the account, and whether it has entities and teams
    "SELECT insights_conversation",
    "INSERT insights_member",
    "INSERT insights_livesession",
    "INSERT insights_conversation",
    "INSERT insights_event",
    "SELECT insights_webhookendpoint",
    "SELECT insights_conversation",  # the last event, after the subscription
]
STOP = [
    "SELECT insights_conversation",
    "SELECT insights_livesession",
    "DELETE insights_livesession",
    "SELECT insights_diarization",
    "UPDATE insights_conversation",
    "INSERT insights_event",
    "SELECT insights_webhookendpoint",
    "SELECT insights_sharelink",
]


@contextmanager
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Collect the statements of the threads for reads and writes, by their verb and first table of ours."""
    found: list[str] = []
    real = CursorWrapper.execute

    def execute(self: CursorWrapper, sql: str, params: Any = None) -> Any:
        ours = threading.current_thread().name.startswith(("database-read", "database-write"))
        if ours and not sql.startswith("BEGIN"):  # only on SQLite
            table = next((word.strip('"').split('"')[0] for word in sql.split() if word.startswith('"insights_')), "")
            found.append(f"{sql.split()[0]} {table}")
        return real(self, sql, params)

    with monkeypatch.context() as patched:
        patched.setattr(CursorWrapper, "execute", execute)
        yield found


async def cycle(connect: Connect, token: str) -> None:
    """Start a conversation and stop it."""
    speaker = await connect(f"/v1/streaming/{uuid4().hex}?access_token={token}")
    await speaker.send_json_to({"type": "start_request", "speaker": {"userId": "jane@example.com", "name": "Jane"}})
    await wait_for(speaker, "recognition_started")
    await speak(speaker)
    await speaker.send_json_to({"type": "stop_request"})
    assert await close_code(speaker) == 1000


async def test_the_statements_of_a_start_and_a_stop(
    bearer: str, script: Callable[[Any], None], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start takes nine statements and a stop eight, beside those of the two transactions."""
    script([])
    await cycle(connect, bearer)  # registers the process
    with statements(monkeypatch) as found:
        await cycle(connect, bearer)
    assert found == START + STOP, "\n".join(["the statements of a start and a stop are:", *found])


async def test_settings_take_effect_at_the_next_start(bearer: str, script: Callable[[Any], None], connect: Connect) -> None:
    """A limit that an administrator sets, or removes, holds for the next start, also of a connection that was open before."""
    script([])
    owner = await run_write(User.objects.get)
    speaker = await connect(f"/v1/streaming/room?access_token={bearer}")
    await run_write(AccountSettings.objects.update_or_create, user=owner, defaults={"max_sessions": 0})
    await speaker.send_json_to({"type": "start_request"})
    assert await wait_for(speaker, "error")
    await run_write(AccountSettings.objects.update_or_create, user=owner, defaults={"max_sessions": None})
    await run_write(managed.set_vocabulary, owner.pk, ["Parley"])
    await speaker.send_json_to({"type": "start_request"})
    assert "recognition_started" in await wait_for(speaker, "recognition_started")
