"""What a page stores is told to listeners as soon as it is committed."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from insights import recorder
from insights.models import Insight
from insights.recorder import Joined
from streaming.aio.database_executors import close_database_threads
from streaming.cluster import broadcast as fanout_module
from streaming.cluster.runtime import runtime
from streaming.cluster.transcript_update import StoredEvent
from tests.insights.conftest import Say, joined, owner, plain_analysis, say

__all__ = ["joined", "owner", "plain_analysis", "say"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def deaf(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """A fan-out that never looks into the database by itself."""
    monkeypatch.setattr(fanout_module, "POLL_S", 3600.0)
    yield
    await runtime().poller.close()
    close_database_threads()


async def test_a_review_rings_in_the_event_loop_of_its_page(
    deaf: None, transactional_db: None, say: Say, joined: Joined, owner: User
) -> None:
    """A synchronous view runs in a thread; the listeners of the loop behind it hear of what it stored, without a look at the database."""
    events = await sync_to_async(say)("Is it?")
    subscription = await runtime().broadcaster.subscribe(joined.conversation_id, events[-1].number)
    insight = await Insight.objects.aget()
    await sync_to_async(recorder.review_insight)(insight.pk, "accepted", owner.pk)
    async with asyncio.timeout(30):
        told = await anext(subscription)
    assert isinstance(told, StoredEvent)
    assert (told.kind, told.number) == ("insight_reviewed", events[-1].number + 1)
    await subscription.close()


def test_a_command_without_an_event_loop_rings_too(say: Say, owner: User) -> None:
    """Where nobody in this process can listen, ringing is no error."""
    say("Is it?")
    assert recorder.review_insight(Insight.objects.get().pk, "accepted", owner.pk)
