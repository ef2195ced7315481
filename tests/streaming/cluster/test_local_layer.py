"""The channel layer without Redis: Channels' contract, several processes, event loops and threads, and its limits."""

import asyncio
import errno
import gc
import logging
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from multiprocessing import get_context
from pathlib import Path
from socket import AF_UNIX, socket
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.exceptions import ChannelFull

from streaming.cluster import local_layer, local_sockets
from streaming.cluster.local_layer import LocalChannelLayer
from tests.servers import ROOT

Make = Callable[..., LocalChannelLayer]
WAIT_S = 60.0


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """The folder of the sockets; the first process makes it."""
    return tmp_path / "sockets"


@pytest.fixture
async def make(folder: Path) -> AsyncIterator[Make]:
    """Make layers, each as a process of its own would have it."""
    made: list[LocalChannelLayer] = []

    def one(**config: Any) -> LocalChannelLayer:
        made.append(LocalChannelLayer(**{"folder": folder, "capacity": 1000, **config}))
        return made[-1]

    yield one
    for layer in made:
        await layer.close()


async def until(wanted: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(WAIT_S):
        while not wanted():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def received(layer: LocalChannelLayer, channel: str) -> dict[str, Any]:
    """Return the next message."""
    async with asyncio.timeout(WAIT_S):
        return await layer.receive(channel)


async def receives_nothing(layer: LocalChannelLayer, channel: str) -> bool:
    """Return whether a channel is empty now."""
    try:
        async with asyncio.timeout(0.05):
            await layer.receive(channel)
    except TimeoutError:
        return True
    return False


def mode(folder: Path) -> int:
    """Return the permissions of a folder."""
    return stat.S_IMODE(folder.stat().st_mode)


def sockets(folder: Path) -> list[str]:
    """Return the ids of the processes that have a socket."""
    return [name for name in os.listdir(folder) if local_sockets.is_id(name)]


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


# -- several processes


async def test_processes_reach_each_other(make: Make) -> None:
    """A group has members in several processes; a channel can be sent to, and added to a group, from any process, a sender only too."""
    one, two, sender = make(), make(), make()
    first, second = await one.new_channel(), await two.new_channel("other.prefix")
    assert not one.alone
    await one.group_add("group", first)
    await one.group_add("group", second)  # of the other process
    await one.send(second, {"n": 0})
    assert await received(two, second) == {"n": 0}  # frames of one process come in order, so the channel is in the group
    await sender.group_send("group", {"n": 1})
    assert await received(one, first) == {"n": 1}
    assert await received(two, second) == {"n": 1}
    await sender.send(first, {"n": 2})
    assert await received(one, first) == {"n": 2}
    await one.group_discard("group", second)
    await one.group_send("group", {"n": 3})
    await one.send(second, {"n": 4})
    assert await received(two, second) == {"n": 4}


async def test_alone_until_another_process_listens(make: Make, folder: Path) -> None:
    """A process sees at once that another one has come or gone. The folder and the sockets are for their owner only."""
    one, two = make(), make()
    assert one.alone
    await one.new_channel()
    assert one.alone
    await two.group_add("group", "name")
    assert not one.alone
    assert not two.alone
    assert mode(folder) == 0o700
    await two.close()
    assert one.alone
    assert len(sockets(folder)) == 1


@pytest.mark.parametrize("size", [70_000, 1_000_000, 7_000_000])
async def test_large_messages(make: Make, size: int) -> None:
    """They are larger than what the kernel holds for a socket."""
    one, two = make(), make()
    channel = await two.new_channel()
    await one.send(channel, {"text": "x" * size})
    await one.send(channel, {"text": "y"})
    assert (await received(two, channel))["text"] == "x" * size
    assert (await received(two, channel))["text"] == "y"


async def test_a_message_that_is_too_large(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """It is not sent, and said so; those behind it arrive."""
    one, two = make(), make()
    channel = await two.new_channel()
    await one.send(channel, {"text": "secret" * 2_000_000})
    await one.send(channel, {"text": "y"})
    assert (await received(two, channel))["text"] == "y"
    assert "was not sent to another process: at most 8388608 are allowed" in caplog.text
    assert "secret" not in caplog.text


async def test_a_burst_arrives_whole(make: Make) -> None:
    """Sending never waits, and keeps the order: the queue of the sender takes what the kernel does not."""
    one, two = make(), make()
    channel = await two.new_channel()
    since = time.thread_time()
    for n in range(900):
        await one.send(channel, {"n": n, "text": "x" * 2000})
    assert time.thread_time() - since < 5
    assert [(await received(two, channel))["n"] for _ in range(900)] == list(range(900))


async def test_a_process_that_does_not_read(make: Make, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for it is bounded, the oldest goes first, and nobody else is delayed."""
    monkeypatch.setattr(local_sockets, "MOST_QUEUED", 10)
    one, two = make(), make()
    channel = await two.new_channel()
    with suspended(folder) as other:
        await until(lambda: len(sockets(folder)) == 2)
        stuck = f"some.{other}!x"
        for n in range(2000):
            await one.send(stuck, {"n": n, "text": "x" * 1000})
            if n % 100 == 0:
                await one.send(channel, {"n": n})
                assert (await received(two, channel))["n"] == n
        assert len(one._sockets._links[other]._frames) <= 10
        for n in range(300):  # also where it accepts no connections: its backlog is full
            sender = make()
            await sender.send(stuck, {"n": n})
        await one.send(channel, {"n": "end"})
        assert (await received(two, channel))["n"] == "end"


@contextmanager
def suspended(folder: Path) -> Iterator[str]:
    """Make a socket that accepts and reads nothing, and give its id."""
    with socket(AF_UNIX) as stuck:
        stuck.bind(str(folder / "abcdefabcdef"))
        stuck.listen(2)
        yield "abcdefabcdef"


async def test_nonsense_on_the_socket(make: Make, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A frame that is not understood is skipped, a length that cannot be ends the connection; others go on."""
    one, two = make(), make()
    channel = await two.new_channel()
    one._sockets.send(two._sockets.id, b"secret words")
    one._sockets.send(two._sockets.id, b"\x93\x09\xa1x\xc4\x01x")  # a kind that there is not
    await one.send(channel, {"n": 1})
    assert await received(two, channel) == {"n": 1}
    assert caplog.text.count("was not understood") == 2
    reader, writer = await asyncio.open_unix_connection(folder / two._sockets.id)
    writer.write(b"\xff" * 10)
    assert await asyncio.wait_for(reader.read(), WAIT_S) == b""
    writer.close()
    await writer.wait_closed()
    assert "it announced a message of 4294967295 bytes" in caplog.text
    assert "secret" not in caplog.text
    await one.send(channel, {"n": 2})
    assert await received(two, channel) == {"n": 2}


async def test_a_process_without_a_free_file_descriptor(make: Make) -> None:
    """It accepts connections later, and does not keep the processor busy until then."""

    class Full:
        """A listener that cannot accept."""

        tries = 0

        def accept(self) -> None:
            """Fail as the kernel does."""
            self.tries += 1
            raise OSError(errno.EMFILE, "Too many open files")

    one, two, full = make(), make(), Full()
    channel = await one.new_channel()
    listener, one._sockets._listener = one._sockets._listener, full  # type: ignore[assignment]
    await two.send(channel, {"type": "late"})
    await until(lambda: full.tries > 0)
    await asyncio.sleep(0.5)
    one._sockets._listener = listener
    assert full.tries < 10
    assert await received(one, channel) == {"type": "late"}


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


# -- processes, loops, threads

OTHER = """
import asyncio, os, sys
from streaming.cluster.local_layer import LocalChannelLayer
async def main():
    layer = LocalChannelLayer(sys.argv[1])
    channel = await layer.new_channel()
    await layer.group_add("group", channel)
    print(channel, flush=True)
    while True:
        message = await layer.receive(channel)
        await layer.group_send("answers", {**message, "by": os.getpid()})
asyncio.run(main())
"""


async def start_other(folder: Path) -> tuple[asyncio.subprocess.Process, str]:
    """Start a process that answers; return it and its channel."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", OTHER, str(folder), cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    return process, (await asyncio.wait_for(process.stdout.readline(), WAIT_S)).decode().strip()


async def test_a_killed_process(make: Make, folder: Path) -> None:
    """`kill -9` of one leaves the others working; its socket is removed, and another one can come."""
    layer = make()
    channel = await layer.new_channel()
    await layer.group_add("answers", channel)
    for round_ in range(2):
        process, theirs = await start_other(folder)
        await layer.group_send("group", {"n": round_})
        assert await received(layer, channel) == {"n": round_, "by": process.pid}
        process.send_signal(signal.SIGKILL)
        await process.wait()
        await layer.send(theirs, {"n": "lost"})
        await layer.group_send("group", {"n": "lost"})
        await until(lambda: len(sockets(folder)) == 1)
        assert layer.alone


def test_synchronous_use(folder: Path) -> None:
    """Each call runs in an event loop of its own, and messages come while none runs."""
    one, two = LocalChannelLayer(folder), LocalChannelLayer(folder)
    try:
        channel, other = async_to_sync(one.new_channel)(), async_to_sync(two.new_channel)()
        async_to_sync(one.group_add)("group", channel)
        for n in range(100):
            async_to_sync(two.group_send)("group", {"n": n})
        assert [async_to_sync(received)(one, channel)["n"] for _ in range(100)] == list(range(100))
        async_to_sync(one.send)(other, {"n": 1})
        assert async_to_sync(received)(two, other) == {"n": 1}
    finally:
        async_to_sync(one.close)()
        async_to_sync(two.close)()


async def test_other_event_loops(make: Make) -> None:
    """Threads with event loops of their own send to a loop's readers and receive from it."""
    layer = make()
    channel, back = await layer.new_channel(), await layer.new_channel()

    def thread() -> None:
        async def answer() -> None:
            for _ in range(50):
                message = await received(layer, channel)
                await layer.send(back, {"n": message["n"] + 1})

        asyncio.run(answer())

    started = threading.Thread(target=thread)
    started.start()
    for n in range(50):
        await layer.send(channel, {"n": n})
        assert await received(layer, back) == {"n": n + 1}
    await asyncio.to_thread(started.join)


def test_the_end_of_a_process_sends_the_rest(folder: Path) -> None:
    """A command that ends at once after it sent has sent it; its socket is gone."""
    code = """
import sys
from asgiref.sync import async_to_sync
from streaming.cluster.local_layer import LocalChannelLayer
layer = LocalChannelLayer(sys.argv[1])
async_to_sync(layer.new_channel)()
for n in range(200):
    async_to_sync(layer.group_send)("group", {"n": n, "text": "x" * 10_000})
"""
    layer = LocalChannelLayer(folder, capacity=1000)
    try:
        channel = async_to_sync(layer.new_channel)()
        async_to_sync(layer.group_add)("group", channel)
        subprocess.run([sys.executable, "-c", code, str(folder)], cwd=ROOT, check=True, timeout=WAIT_S)
        assert [async_to_sync(received)(layer, channel)["n"] for _ in range(200)] == list(range(200))
        assert len(sockets(folder)) == 1
    finally:
        async_to_sync(layer.close)()


def in_child(layer: LocalChannelLayer, parent: str, group: str) -> None:
    """Answer to the parent process from a forked one."""
    channel = async_to_sync(layer.new_channel)()
    async_to_sync(layer.group_add)(group, channel)
    async_to_sync(layer.send)(parent, {"channel": channel})
    message = async_to_sync(received)(layer, channel)
    async_to_sync(layer.send)(parent, {"got": message})
    async_to_sync(layer.close)()
    os._exit(0)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_has_its_own_socket(folder: Path) -> None:
    """It is a process like any other, and the parent's socket stays the parent's."""
    layer = LocalChannelLayer(folder)
    try:
        channel = async_to_sync(layer.new_channel)()
        child = get_context("fork").Process(target=in_child, args=(layer, channel, "group"))
        child.start()
        theirs = async_to_sync(received)(layer, channel)["channel"]
        assert len(sockets(folder)) == 2
        async_to_sync(layer.send)(theirs, {"n": 1})
        assert async_to_sync(received)(layer, channel) == {"got": {"n": 1}}
        child.join(WAIT_S)
        assert child.exitcode == 0
        assert len(sockets(folder)) == 1
    finally:
        async_to_sync(layer.close)()


async def test_nothing_is_left(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Closed layers have no thread, no descriptor and no file; closing again, and sending after it, does nothing."""
    gc.collect()
    before, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    for _ in range(5):
        one, two = LocalChannelLayer(folder), LocalChannelLayer(folder)
        channel = await two.new_channel()
        await one.new_channel()
        await one.send(channel, {"n": 1})
        await received(two, channel)
        for layer in (one, two, one):
            await layer.close()
        await one.send(channel, {"n": 2})
    executor_threads = sum(thread.name.startswith("local-sockets-closing") for thread in threading.enumerate())
    assert threading.active_count() - executor_threads <= threads
    assert len(os.listdir("/proc/self/fd")) == before
    assert os.listdir(folder) == []
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
