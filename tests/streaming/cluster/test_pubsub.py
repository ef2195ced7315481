"""The one channel of a process on the channel layer."""

import asyncio
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streaming.cluster import pubsub as layer_module
from streaming.cluster.local_layer import LocalChannelLayer
from streaming.cluster.pubsub import PubSub
from tests.servers import ROOT
from tests.services import running_redis
from tests.streaming.cluster.layers import processes


class Received(list[dict[str, Any]]):
    """The messages that a listener received."""

    async def reaches(self, count: int) -> None:
        """Wait until so much was heard."""
        async with asyncio.timeout(30):
            while len(self) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.005)


async def test_others_hear_and_the_teller_does_not() -> None:
    """What is told to a group reaches the other processes that joined it, each once, and not its own."""
    one, two, three = processes(3)
    listeners = [Received() for _ in range(3)]
    for process, listener in zip((one, two, three), listeners, strict=True):
        await process.join("group", listener.append)
    await one.publish("group", {"n": 1})
    await listeners[1].reaches(1)
    await listeners[2].reaches(1)
    assert [message["n"] for message in listeners[1]] == [1]
    assert not listeners[0]
    for process in (one, two, three):
        await process.close()


async def test_who_left_hears_nothing() -> None:
    """After leave, a group is silent, though others of the process go on."""
    one, two = processes(2)
    left, stayed = Received(), Received()
    await two.join("left", left.append)
    await two.join("stayed", stayed.append)
    await two.leave("left")
    await one.publish("left", {"n": 1})
    await one.publish("stayed", {"n": 2})
    await stayed.reaches(1)
    assert not left
    await two.close()


async def test_an_answer_reaches_one_process() -> None:
    """What is told to a process alone reaches it under its name."""
    one, two = processes(2)
    heard = Received()
    one.listen("replies", heard.append)
    await two.send(await one.channel(), "replies", {"n": 3})
    await heard.reaches(1)
    assert heard[0]["n"] == 3
    await one.close()


async def test_a_process_alone_sends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Redis a process sends nothing until a second one starts on the same data folder; that one gets what is sent then."""
    one, two = PubSub(), PubSub()
    one._layer, two._layer = (LocalChannelLayer(tmp_path / "sockets") for _ in range(2))
    calls: list[str] = []
    group_send = LocalChannelLayer.group_send

    async def counted(layer: LocalChannelLayer, group: str, message: dict[str, Any]) -> None:
        calls.append(group)
        await group_send(layer, group, message)

    monkeypatch.setattr(LocalChannelLayer, "group_send", counted)
    await one.join("group", Received().append)
    assert one.alone
    await one.publish("group", {"n": 1})
    assert not calls
    heard = Received()
    await two.join("group", heard.append)
    assert not one.alone
    await one.publish("group", {"n": 2})
    await heard.reaches(1)
    assert [message["n"] for message in heard] == [2]
    for process in (one, two):
        await process.close()
        await process._layer.close()


async def test_a_layer_that_was_away_is_joined_again(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A layer that fails is noted once; its groups are joined again, and heard."""
    monkeypatch.setattr(layer_module, "RETRY_S", 0.01)
    monkeypatch.setattr(layer_module, "REJOIN_S", 0.01)
    one, two = processes(2)
    real = two._layer

    class Away:
        calls = 0

        async def new_channel(self, prefix: str) -> str:
            return str(await real.new_channel(prefix))

        def __getattr__(self, name: str) -> Any:
            async def fail(*args: Any) -> None:
                Away.calls += 1
                if Away.calls > 5:
                    two._layer = real
                raise ConnectionError("no Redis")

            return fail

    heard = Received()
    with caplog.at_level(logging.INFO):
        two._layer = Away()
        await two.join("group", heard.append)
        async with asyncio.timeout(30):
            while not heard:
                await one.publish("group", {"n": 1})
                await asyncio.sleep(0.01)
    assert sum("is unreachable" in record.message for record in caplog.records) == 1
    assert any("is back" in record.message for record in caplog.records)
    await two.close()


async def test_a_message_that_is_not_understood_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    """A process of another version may tell what we do not know: what comes after it is heard."""
    one, two = processes(2)
    heard = Received()

    def listener(message: dict[str, Any]) -> None:
        heard.append({"n": message["n"]})

    await two.join("group", listener)
    await one._layer.send(await two.channel(), {"type": "parley.unknown", "spoken": "secret"})
    await one.publish("group", {"spoken": "secret"})
    await one.publish("group", {"n": 1})
    await heard.reaches(1)
    assert heard == [{"n": 1}]
    assert (
        caplog.text.count("was not understood (KeyError at pubsub.py") + caplog.text.count("was not understood (KeyError at test_pubsub")
        == 2
    )
    assert "secret" not in caplog.text
    for process in (one, two):
        await process.close()


IDLE = """
import asyncio
from streaming.cluster.runtime import runtime
async def idle():
    on = runtime().pubsub
    await on.join("conversation.1", print)
    await asyncio.sleep(7)
    await on.close()
asyncio.run(idle())
"""


def test_a_redis_in_which_nothing_happens_is_not_taken_for_one_that_is_away(tmp_path: Path) -> None:
    """Redis is asked to wait for a message: its client must be more patient than that, else every process is deaf now and then."""
    with running_redis(tmp_path) as url:
        env = {**os.environ, "REDIS_URL": url, "DATA_DIR": str(tmp_path)}
        command = [sys.executable, "manage.py", "shell", "-v0", "-c", IDLE]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=True)
    assert "channel layer" not in done.stdout + done.stderr
