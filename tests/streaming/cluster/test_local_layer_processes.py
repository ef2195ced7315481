"""The channel layer without Redis between processes, event loops and threads."""

import asyncio
import errno
import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from socket import AF_UNIX, socket

import pytest
from asgiref.sync import async_to_sync

from streaming.cluster import local_sockets
from streaming.cluster.local_layer import LocalChannelLayer
from tests.servers import ROOT
from tests.streaming.cluster.local_layers import WAIT_S, Make, folder, make, mode, received, sockets, until

__all__ = ["folder", "make"]


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
    since = time.monotonic()
    await until(lambda: full.tries > 0)
    await asyncio.sleep(0.5)
    one._sockets._listener = listener
    assert full.tries <= (time.monotonic() - since) / local_sockets.RETRY_S + 2
    assert await received(one, channel) == {"type": "late"}


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
