"""The channel layer only notifies (design law 2): without it every event still arrives, later."""

from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from tests.insights import postgres
from tests.servers import Server
from tests.services import running_redis
from tests.streaming.transports.client import connected
from tests.streaming.transports.rtc import until


async def test_events_cross_processes_while_redis_is_away(tmp_path: Path) -> None:
    """After Redis stops, speakers continue, and a subscriber in another process misses no event."""
    if lacking := postgres.lacking():
        pytest.skip(lacking)
    with ExitStack() as stack, ExitStack() as redis_alone:
        redis_url = redis_alone.enter_context(running_redis(tmp_path))
        database_url = stack.enter_context(postgres.migrated_cluster())
        shared = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "RECOGNISER": "scripted", "SECRET_KEY": "x" * 50}
        one, two = Server(tmp_path / "one", shared), Server(tmp_path / "two", shared)
        stack.callback(one.kill)
        stack.callback(two.kill)
        one.start()
        two.start()
        token = one.token()
        connection_id = uuid4().hex
        async with connected(one, token, connection_id) as anna:
            await anna.start("Anna")
            async with connected(two, token, connection_id, "/v1/subscribe/", "?after=0") as listener:
                await anna.speak(2.1)
                await listener.wait("message_response")
                redis_alone.close()
                await anna.speak(4.1)
                await anna.wait("message_response", 3)
                await listener.wait("message_response", 3)
                await anna.stop()
                await listener.wait("conversation_completed")
        await until(lambda: any("the channel layer" in line for line in one.output), "it was not logged")
    assert listener.said() == anna.said()
