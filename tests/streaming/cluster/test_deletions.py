"""What deletions do in every process."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from insights import derived, queries, recorder
from insights.models import Conversation
from insights.recorder import Joined
from streaming.aio.database_executors import close_database_threads, run_in_database, run_maintenance
from streaming.cluster import broadcast
from streaming.cluster.broadcast import Subscription
from streaming.cluster.deletions import WordsChange
from streaming.cluster.runtime import Runtime, runtime, use
from streaming.cluster.transcript_update import ConversationDeleted
from tests.insights.conftest import Say, joined, owner, plain_analysis, say
from tests.streaming.cluster.layers import processes

__all__ = ["joined", "owner", "plain_analysis", "say"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def _end() -> AsyncIterator[None]:
    yield
    await runtime().close()
    close_database_threads()


async def ended(subscription: Subscription) -> bool:
    """Return whether the next thing that a subscription delivers is the deletion, and the last."""
    async with asyncio.timeout(30):
        delivered = [one async for one in subscription]
    await subscription.close()
    return delivered == [ConversationDeleted(subscription.conversation_id)]


async def test_a_deletion_in_any_thread_ends_subscriptions(
    transactional_db: None, say: Say, joined: Joined, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It overtakes events that the subscriber has not read, and needs no look at the database."""
    monkeypatch.setattr(broadcast, "POLL_S", 3600.0)
    await sync_to_async(say)("Is it?")
    first = await runtime().broadcaster.subscribe(joined.conversation_id, 0)
    second = await runtime().broadcaster.subscribe(joined.conversation_id, 0)
    await run_maintenance(recorder.delete_conversation, joined.conversation_id, owner.pk)
    assert await ended(first)
    assert await ended(second)
    late = await runtime().broadcaster.subscribe(joined.conversation_id, 0)
    assert await ended(late)


async def test_a_lost_notification_is_noticed(
    transactional_db: None, say: Say, joined: Joined, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checks of the database end subscriptions and clear caches, also for a conversation that was moved to the bin."""
    monkeypatch.setattr("streaming.cluster.insights_signals._apply", lambda *args: None)
    monkeypatch.setattr(broadcast, "POLL_S", 0.05)
    await sync_to_async(say)("Is it?")
    conversation = await Conversation.objects.aget()
    subscription = await runtime().broadcaster.subscribe(joined.conversation_id, conversation.last_event)
    await run_in_database(recorder.bin_conversation, joined.conversation_id, owner.pk)
    await run_in_database(queries.talk_seconds, conversation)  # a request that found the conversation just before
    assert joined.conversation_id in derived.cached()
    assert await ended(subscription)
    runtime().deletions.start()
    async with asyncio.timeout(30):
        while joined.conversation_id in derived.cached():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_other_processes_are_told(transactional_db: None, joined: Joined, owner: User) -> None:
    """A process that has no subscription to the conversation drops what it has cached, too."""
    one, two = (Runtime(pubsub) for pubsub in processes(2))
    use(one)
    two.deletions.start()
    changes: list[tuple[WordsChange, int]] = []
    two.deletions.apply = lambda change, conversation_id: changes.append((change, conversation_id))  # type: ignore[method-assign]
    async with asyncio.timeout(30):
        while not two.deletions._joined:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await run_maintenance(recorder.delete_conversation, joined.conversation_id, owner.pk)
        while not changes:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert changes == [(WordsChange.DELETED, joined.conversation_id)]
    await two.close()
