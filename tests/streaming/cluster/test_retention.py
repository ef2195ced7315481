"""What is removed as time goes by."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

from insights import access, recorder
from insights.models import Conversation
from streaming.aio.database_executors import close_database_threads, run_in_database
from streaming.cluster import retention
from streaming.cluster.retention import AGAIN_S, EVERY_S, remove_expired
from tests.insights.conftest import opening

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """Let no database thread outlive its test's database."""
    yield
    close_database_threads()


@pytest.fixture
def old(user: User) -> Conversation:
    """A conversation that ended a week ago, and a sign-in of that time."""
    at = timezone.now() - timedelta(days=7)
    joined = recorder.open_conversation(opening(user))
    Conversation.objects.filter(id=joined.conversation_id).update(started_at=at, ended_at=at)
    Session.objects.create(session_key="old", session_data="", expire_date=at)
    return Conversation.objects.get()


@pytest.mark.parametrize(("days", "left"), [(0, 1), (30, 1), (6, 0)])
async def test_conversations_are_kept_as_long_as_the_settings_say(old: Conversation, settings: Any, days: int, left: int) -> None:
    """For ever by default; sign-ins that are over go in any case."""
    settings.KEEP_DAYS = days
    assert await remove_expired() == EVERY_S
    assert await run_in_database(Conversation.objects.count) == left
    assert await run_in_database(Session.objects.count) == 0


async def test_what_is_too_much_for_one_time_is_done_soon(old: Conversation, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """As long as as much was removed as may be at one time, it looks again soon."""
    monkeypatch.setattr(access, "MOST_SIGN_INS", 1)
    assert await remove_expired() == AGAIN_S
    assert await remove_expired() == EVERY_S
    monkeypatch.setattr(retention, "MOST", 1)
    settings.KEEP_DAYS = 6
    assert await remove_expired() == AGAIN_S


async def test_conversations_go_though_sign_ins_cannot(old: Conversation, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """What fails keeps nothing else from being removed."""

    def broken(now: datetime) -> int:
        raise ValueError

    monkeypatch.setattr(access, "forget_sign_ins", broken)
    settings.KEEP_DAYS = 6
    assert await remove_expired() == EVERY_S
    assert await run_in_database(Conversation.objects.count) == 0


async def test_a_database_that_is_away_is_no_end(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """It is tried again an hour later, and the log names the place."""

    def away(now: datetime) -> int:
        raise ConnectionError("postgres://user:password@host")

    monkeypatch.setattr(access, "forget_sign_ins", away)
    assert await remove_expired() == EVERY_S
    assert "expired data could not be removed (ConnectionError" in caplog.text
    assert "password" not in caplog.text
