"""Whoever may stay no longer is shown out, whatever is open, in whatever process (design law 6)."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError

from insights.access import Grant
from streaming.cluster import revocation
from streaming.cluster.poller import Poller
from streaming.cluster.revocation import RevocationWatcher
from streaming.types.session_end import TEXTS, End
from tests.servers import Server
from tests.streaming.transports.client import connected
from tests.streaming.transports.rtc import Caller, to, until
from tests.streaming.transports.sse import subscribed
from tests.streaming.transports.stream_client import streaming

JANE, TOM = Grant(1, app_id="jane"), Grant(2, session_key="tom")


class Revocable:
    """Notes how it is ended."""

    def __init__(self) -> None:
        self.ends: list[End] = []

    def end_early(self, end: End) -> None:
        """Note it."""
        self.ends.append(end)


class Doorkeeper:
    """Says who may stay, in place of the database."""

    def __init__(self) -> None:
        self.good = {JANE, TOM}
        self.asked: list[set[Grant]] = []
        self.away = False

    async def ask(self, work: Any, passes: Collection[Grant]) -> set[Grant]:
        """As `access.valid_grants` does."""
        self.asked.append(set(passes))
        if self.away:
            raise OperationalError("away")
        return set(passes) & self.good

    async def looks(self, times: int = 2) -> None:
        """Wait until it was asked so many times more."""
        before = len(self.asked)
        async with asyncio.timeout(30):
            while len(self.asked) < before + times:  # noqa: ASYNC110
                await asyncio.sleep(0.001)


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> Doorkeeper:
    """Who is asked, very often."""
    keeper = Doorkeeper()
    monkeypatch.setattr(revocation, "CHECK_S", 0.005)
    monkeypatch.setattr(revocation, "run_in_database", keeper.ask)
    return keeper


@pytest.fixture
async def house(keeper: Doorkeeper) -> AsyncIterator[RevocationWatcher]:
    """The admissions of one event loop."""
    poller = Poller()
    yield RevocationWatcher(poller)
    await poller.close()


async def test_whose_pass_is_withdrawn_is_shown_out_once(house: RevocationWatcher, keeper: Doorkeeper) -> None:
    """All guests of that pass end, once; the others do not notice, and all passes are looked at together."""
    guests = [Revocable() for _ in range(3)]
    for connection, by in zip(guests, (JANE, JANE, TOM), strict=True):
        house.note(connection, by)
    await keeper.looks()
    assert [connection.ends for connection in guests] == [[], [], []]
    keeper.good = {TOM}
    await keeper.looks(3)
    assert [connection.ends for connection in guests] == [[End.REVOKED], [End.REVOKED], []]
    assert keeper.asked[0] == {JANE, TOM}
    assert keeper.asked[-1] == {TOM}


async def test_a_guest_that_cannot_be_ended(house: RevocationWatcher, keeper: Doorkeeper, caplog: pytest.LogCaptureFixture) -> None:
    """Is logged, and keeps nobody else in, neither now nor later."""

    class Broken(Revocable):
        def end_early(self, end: End) -> None:
            raise RuntimeError("the secret words")

    broken, jane, tom = Broken(), Revocable(), Revocable()
    for connection, by in ((broken, JANE), (jane, JANE), (tom, TOM)):
        house.note(connection, by)
    keeper.good = {TOM}
    await keeper.looks(3)
    assert jane.ends == [End.REVOKED]
    keeper.good = set()
    await until(lambda: bool(tom.ends), "he was not shown out")
    assert tom.ends == [End.REVOKED]
    assert "could not be ended: RuntimeError" in caplog.text
    assert "secret" not in caplog.text


async def test_strangers_and_those_who_left(house: RevocationWatcher, keeper: Doorkeeper) -> None:
    """A stranger of a public stream has no pass to lose; a guest that is gone is not held, nor looked after."""
    house.note(Revocable(), None)
    house.note(Revocable(), JANE)
    assert len(house) == 0
    await asyncio.sleep(0.05)
    assert keeper.asked == []


async def test_a_new_pass_replaces_the_old_one(house: RevocationWatcher, keeper: Doorkeeper) -> None:
    """Who came back with another token stays by that."""
    connection = Revocable()
    house.note(connection, JANE)
    house.note(connection, TOM)
    keeper.good = {TOM}
    await keeper.looks(3)
    assert connection.ends == []


async def test_a_database_that_is_away_shows_nobody_out(
    house: RevocationWatcher, keeper: Doorkeeper, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told once, and looked again."""
    connection = Revocable()
    house.note(connection, JANE)
    keeper.away = True
    await keeper.looks(3)
    assert connection.ends == []
    assert caplog.text.count("revocation check failed") == 1
    keeper.away, keeper.good = False, set()
    await keeper.looks(1)
    await asyncio.sleep(0)
    assert connection.ends == [End.REVOKED]


REVOKE = """
from django.utils import timezone
from insights.models import App
App.objects.filter(owner__email="jane@example.com").update(revoked_at=timezone.now())
"""


async def test_all_that_is_open_ends_in_every_process(pair: tuple[Server, Server], pair_token: str) -> None:
    """Sockets that speak and listen, sessions of streams over both transports, and readers of outputs; what was said is kept."""
    one, two = pair
    room, other = uuid4().hex, await asyncio.to_thread(one.token, "tom@example.com")
    async with AsyncExitStack() as stack:
        tom = await stack.enter_async_context(connected(one, other))
        speaker = await stack.enter_async_context(connected(one, pair_token, room))
        listener = await stack.enter_async_context(connected(two, pair_token, room, "/v1/subscribe/"))
        waiter = await stack.enter_async_context(connected(two, pair_token, uuid4().hex, "/v1/subscribe/"))
        stream = await stack.enter_async_context(streaming(one, pair_token, "conversation"))
        post = await stack.enter_async_context(to(two, pair_token))
        await tom.start("Tom")
        conversation_id = await speaker.start()
        await speaker.speak(3.0)
        await listener.wait("message_response")
        await stream.start()
        reader = await stack.enter_async_context(subscribed(two, pair_token, "conversation", stream.id))
        caller = await Caller(post, "sendonly").call()
        await asyncio.to_thread(two.manage, "shell", "-v0", "-c", REVOKE)
        for client in (speaker, listener, waiter):
            assert await client.wait_closed() == 1008
            assert client.messages[-1]["message"] == TEXTS[End.REVOKED]
        assert (await stream.wait(type="error"))["data"] == TEXTS[End.REVOKED]
        await stream.wait_closed()
        await reader.until(lambda: reader.ended)
        await caller.message("error", TEXTS[End.REVOKED])
        await until(lambda: caller.pc.connectionState == "closed", "the peer was not let go")
        await caller.close()
        await tom.speak(2.1)
        await tom.wait("message_response")
        await tom.stop()
    count = f"from insights.models import Message; print(Message.objects.filter(conversation={conversation_id}).count())"
    assert (await asyncio.to_thread(one.manage, "shell", "-v0", "-c", count)).strip() == "2"
