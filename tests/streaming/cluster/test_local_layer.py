"""The channel layer without Redis: Channels' contract, its limits, its folder."""

import asyncio
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.exceptions import ChannelFull

from streaming.cluster import local_layer
from streaming.cluster.local_layer import LocalChannelLayer
from tests.streaming.cluster.local_layers import WAIT_S, Make, folder, make, mode, received, receives_nothing, sockets

__all__ = ["folder", "make"]


# -- the contract of Channels


async def test_messages_arrive_in_order(make: Make) -> None:
    """A channel is a queue; what the sender changes afterwards, the receiver does not see."""
    layer = make()
    channel = await layer.new_channel()
    message: dict[str, Any] = {"type": "one", "list": [1, 2], "bytes": b"\x00\xff", "text": "\ud800 é", "map": {1: None, "x": 1.5}}
    await layer.send(channel, message)
    sent = deepcopy(message)
    message["list"].append(3)
    await layer.send(channel, {"type": "two"})
    assert await layer.receive(channel) == sent
    assert await layer.receive(channel) == {"type": "two"}


async def test_a_receiver_waits(make: Make) -> None:
    """Of two that wait each gets one message; one that was cancelled takes none with it."""
    layer = make()
    channel = await layer.new_channel()
    first, second, third = (asyncio.create_task(layer.receive(channel)) for _ in range(3))
    await asyncio.sleep(0)
    await layer.send(channel, {"n": 1})
    first.cancel()  # it was woken, and does not get there
    assert (await asyncio.wait_for(second, WAIT_S))["n"] == 1
    await layer.send(channel, {"n": 2})
    assert (await asyncio.wait_for(third, WAIT_S))["n"] == 2
    await asyncio.gather(first, return_exceptions=True)


async def test_a_group(make: Make) -> None:
    """A message to a group reaches each member once, and nobody who left."""
    layer = make()
    one, two = await layer.new_channel(), await layer.new_channel()
    for channel in (one, two):
        await layer.group_add("group", channel)
    await layer.group_send("group", {"n": 1})
    await layer.group_discard("group", one)
    await layer.group_discard("group", "never.added")
    await layer.group_discard("other", one)
    await layer.group_send("group", {"n": 2})
    assert [await layer.receive(one), await layer.receive(two), await layer.receive(two)] == [{"n": 1}, {"n": 1}, {"n": 2}]
    assert await receives_nothing(layer, one)


async def test_a_channel_of_any_name(make: Make) -> None:
    """A name that `new_channel` did not make is a channel of this process."""
    layer = make()
    await layer.send("tasks", {"n": 1})
    await layer.send("tests.inmemory!abc", {"n": 2})
    assert await layer.receive("tasks") == {"n": 1}
    assert await layer.receive("tests.inmemory!abc") == {"n": 2}


async def test_wrong_names_and_messages_are_refused(make: Make) -> None:
    """As by the other layers of Channels."""
    layer = make()
    for name in ("", "spaces in it", "x" * 100, "ä"):
        with pytest.raises(TypeError):
            await layer.send(name, {})
        with pytest.raises(TypeError):
            await layer.receive(name)
        with pytest.raises(TypeError):
            await layer.group_send(name, {})
        with pytest.raises(TypeError):
            await layer.group_add(name, "fine")
        with pytest.raises(TypeError):
            await layer.group_add("fine", name)
    with pytest.raises(TypeError, match="a message is a dict, not list"):
        await layer.send("fine", [])  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        await layer.group_send("fine", {"object": object()})


async def test_flush(make: Make) -> None:
    """No message and no group is left, and a reader that waits goes on waiting."""
    layer = make()
    channel, awaited = await layer.new_channel(), await layer.new_channel()
    await layer.group_add("group", channel)
    await layer.send(channel, {"n": 1})
    reader = asyncio.create_task(layer.receive(awaited))
    await asyncio.sleep(0)
    await layer.flush()
    await layer.group_send("group", {"n": 2})
    assert await receives_nothing(layer, channel)
    await layer.send(awaited, {"n": 3})
    assert await asyncio.wait_for(reader, WAIT_S) == {"n": 3}


# -- limits


async def test_a_channel_has_a_limit(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """`send` raises ChannelFull above it, `group_send` drops the message for that channel; bytes count as well."""
    layer = make(capacity=2, channel_capacity={"wide.*": 3})
    channel, other = await layer.new_channel(), await layer.new_channel()
    for each in (channel, other):
        await layer.group_add("group", each)
    await layer.send(channel, {"n": 1})
    await layer.send(channel, {"n": 2})
    with pytest.raises(ChannelFull):
        await layer.send(channel, {"n": 3})
    await layer.group_send("group", {"n": 4})
    assert (await layer.receive(other))["n"] == 4
    assert [(await layer.receive(channel))["n"] for _ in range(2)] == [1, 2]
    assert await receives_nothing(layer, channel)
    for n in range(3):
        await layer.send("wide.one", {"n": n})
    monkeypatch.setattr(local_layer, "MOST_BYTES", 1000)
    await layer.send("bytes", {"x": "x" * 2000})  # one alone always fits
    with pytest.raises(ChannelFull):
        await layer.send("bytes", {"x": "x"})


async def test_an_unread_message_removes_nobody_from_a_group(make: Make) -> None:
    """A message that was not read in time is dropped; its reader gets the next one. Channels without reader are forgotten."""
    layer = make(expiry=0.05)
    channel = await layer.new_channel()
    await layer.group_add("group", channel)
    await layer.group_send("group", {"n": 1})
    await layer.send("read.by.nobody", {})
    await asyncio.sleep(0.1)
    await layer.group_send("group", {"n": 2})
    assert await received(layer, channel) == {"n": 2}
    await layer.send("other", {})
    assert "read.by.nobody" not in layer._channels
    await asyncio.sleep(0.1)
    await layer.group_send("group", {"n": 3})
    assert await received(layer, channel) == {"n": 3}


async def test_a_member_that_is_not_added_again_leaves(make: Make) -> None:
    """A task that ended without a word does not fill its channel for ever."""
    layer = make(expiry=0.02, group_expiry=0.05)
    stays, goes = await layer.new_channel(), await layer.new_channel()
    for channel in (stays, goes):
        await layer.group_add("group", channel)
    for _ in range(5):
        await asyncio.sleep(0.03)
        await layer.group_add("group", stays)
        await layer.group_send("group", {})
    assert set(layer._groups["group"]) == {stays}


async def test_a_flood_lets_other_tasks_run(make: Make) -> None:
    """A reader whose channel is never empty yields after some messages."""
    layer = make()
    channel = await layer.new_channel()
    reads, turns = 0, 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(other())
    for _ in range(1000):
        await layer.send(channel, {})
    while reads < 1000:
        await layer.receive(channel)
        reads += 1
    assert 10 <= turns <= 100
    task.cancel()


async def test_a_long_path(tmp_path: Path, make: Make) -> None:
    """A path longer than the kernel takes is reached all the same, and there is no file elsewhere."""
    folder = tmp_path / ("long" * 20) / ("longer" * 20) / "sockets"
    one, two = make(folder=folder), make(folder=folder)
    channel = await two.new_channel()
    await one.send(channel, {"n": 1})
    assert await received(two, channel) == {"n": 1}
    assert len(sockets(folder)) == 1


@pytest.mark.parametrize("kind", ["file", "link"])
async def test_a_folder_that_cannot_be_used(tmp_path: Path, make: Make, caplog: pytest.LogCaptureFixture, kind: str) -> None:
    """It is said once, and the layer works within the process."""
    folder = tmp_path / "bad"
    if kind == "file":
        folder.write_text("")
    else:
        folder.symlink_to(tmp_path)
    layer = make(folder=folder)
    channel = await layer.new_channel()
    await layer.new_channel()
    await layer.group_add("group", channel)
    await layer.group_send("group", {"n": 1})
    assert await received(layer, channel) == {"n": 1}
    assert caplog.text.count("no socket in") == 1


def test_open_folders_are_closed_to_others(folder: Path) -> None:
    """One that was made with other permissions is set right."""
    folder.mkdir(mode=0o755)
    layer = LocalChannelLayer(folder)
    async_to_sync(layer.new_channel)()
    async_to_sync(layer.close)()
    assert mode(folder) == 0o700
