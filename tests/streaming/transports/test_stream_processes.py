"""A session lives in one process; its inputs and readers may land in another (design law 7): two servers on Redis and PostgreSQL."""

import asyncio
import json
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests import servers
from tests.insights import postgres
from tests.servers import Server
from tests.services import running_redis
from tests.streaming.transports.conftest import SITE
from tests.streaming.transports.sse import subscribed
from tests.streaming.transports.stream_client import StreamClient, frame, streaming
from tests.streaming.transports.test_input_hook import hook


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Two server processes, one of them on uvicorn, that share nothing but PostgreSQL and Redis."""
    if lacking := postgres.lacking():
        pytest.skip(lacking)
    folder = tmp_path_factory.mktemp("pair")
    with running_redis(folder) as redis_url, postgres.cluster() as database_url:
        shared = {**SITE, "DATABASE_URL": database_url, "REDIS_URL": redis_url, "SECRET_KEY": "x" * 50}
        servers.migrated(folder / "one", shared)
        one = Server(folder / "one", shared, "daphne")
        two = Server(folder / "two", shared, "uvicorn")
        try:
            yield one.start(), two.start()
        finally:
            one.kill()
            two.kill()


@pytest.fixture(scope="module")
def pair_token(pair: tuple[Server, Server]) -> str:
    """An access token that both processes accept."""
    return pair[0].token()


async def speak(client: StreamClient, count: int) -> None:
    """Have the handler called so many times."""
    for number in range(count):
        await client.speak(frame(number))
    await client.ping()


@pytest.mark.parametrize("home", [0, 1])
async def test_readers_in_the_other_process_get_everything(pair: tuple[Server, Server], pair_token: str, home: int) -> None:
    """Eight readers in the other process, and one in the session's own, each get every output, in order, and the end."""
    here, there = pair[home], pair[1 - home]
    async with streaming(here, pair_token, "numbers") as client:
        await client.start()
        await speak(client, 3)
        opened = [subscribed(there, pair_token, "numbers", client.id) for _ in range(8)]
        opened.append(subscribed(here, pair_token, "numbers", client.id))
        readers = [await one.__aenter__() for one in opened]
        await speak(client, 100)
        for reader in readers:
            await reader.wait(103)
        await client.stop()
        for reader in readers:
            await reader.wait_ended()
        for one in opened:
            await one.__aexit__(None, None, None)
    for reader in readers:
        assert reader.response.status_code == 200
        assert reader.numbers == list(range(1, 104))


async def test_news_travel_fast(pair: tuple[Server, Server], pair_token: str) -> None:
    """An output reaches a reader in the other process at once, not by a poll."""
    async with streaming(pair[0], pair_token, "numbers") as client:
        await client.start()
        async with subscribed(pair[1], pair_token, "numbers", client.id) as reader:
            loop = asyncio.get_running_loop()
            slowest = 0.0
            for number in range(1, 21):
                begun = loop.time()
                await client.speak(frame(number))
                await reader.wait(number)
                slowest = max(slowest, loop.time() - begun)
    assert slowest < 1.0


async def test_a_reader_changes_its_process(pair: tuple[Server, Server], pair_token: str) -> None:
    """A reader that was cut off goes on at the other process from Last-Event-ID."""
    async with streaming(pair[0], pair_token, "numbers") as client:
        await client.start()
        async with subscribed(pair[0], pair_token, "numbers", client.id) as reader:
            await speak(client, 5)
            await reader.wait(5)
        await speak(client, 5)
        async with subscribed(pair[1], pair_token, "numbers", client.id, headers={"Last-Event-ID": "5"}) as again:
            await again.wait(5)
    assert again.numbers == [6, 7, 8, 9, 10]


async def test_an_input_hook_from_the_other_process(pair: tuple[Server, Server], pair_token: str) -> None:
    """Inputs reach the handler from any process, validated and complete, for its next call."""
    async with streaming(pair[0], pair_token, "inputs") as client:
        await client.start()
        answer = await hook(pair[1], pair_token, {"webrtc_id": client.id, "conf_threshold": 0.25, "label": "dog"})
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        await speak(client, 1)
        async with subscribed(pair[1], pair_token, "inputs", client.id) as reader:
            assert json.loads((await reader.wait(1))[0].data) == [0.25, "dog"]
        assert (await hook(pair[1], pair_token, {"webrtc_id": client.id, "conf_threshold": 2})).status_code == 422


async def test_elsewhere_it_is_still_yours_only(pair: tuple[Server, Server], pair_token: str) -> None:
    """In the other process, too, a session does not exist for somebody else, nor does one that nobody opened."""
    other = await asyncio.to_thread(pair[0].token, "mallory@example.com")
    body = {"conf_threshold": 0.5}
    async with streaming(pair[0], pair_token, "inputs") as client:
        await client.start()
        await speak(client, 1)
        assert (await hook(pair[1], other, {"webrtc_id": client.id, **body})).status_code == 404
        assert (await hook(pair[1], pair_token, {"webrtc_id": uuid4().hex, **body})).status_code == 404
        async with subscribed(pair[1], other, "inputs", client.id) as reader:
            assert reader.response.status_code == 404


async def test_a_process_that_dies_ends_its_readers(pair: tuple[Server, Server], pair_token: str) -> None:
    """A reader of a session whose process was killed is let go after a while, having got what there was."""
    one = pair[0]
    async with streaming(one, pair_token, "numbers") as client:
        await client.start()
        await speak(client, 2)
        async with subscribed(pair[1], pair_token, "numbers", client.id) as reader:
            await reader.wait(2)
            one.kill()
            await reader.until(lambda: reader.ended, 40)
    assert reader.numbers == [1, 2]
    await asyncio.to_thread(one.start)
