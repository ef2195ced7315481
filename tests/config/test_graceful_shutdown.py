"""SIGTERM on uvicorn: clients receive stored messages before their sockets close; a second signal does not wait."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from config.graceful_shutdown import SAME_REQUEST_S, SIGNALS, DrainFirst
from tests.attacks import sigterm_finals
from tests.servers import Server

SPEAKERS = 6


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_stored_messages_are_received_before_the_close(make_server: Callable[..., Server], kind: str) -> None:
    """Speakers and subscribers get every stored message, then close code 1012."""
    server = await asyncio.to_thread(make_server, kind)
    token = await asyncio.to_thread(server.token)
    found = await sigterm_finals.measure(server, SPEAKERS, token)
    assert found["stored"]
    assert found["received by speakers"] == found["stored"]
    assert found["received by subscribers"] == found["stored"]
    assert found["close codes"] == {1012: 2 * SPEAKERS}
    assert found["exit code"] in (0, -signal.SIGTERM)


@pytest.fixture
def server_signals() -> Iterator[list[int]]:
    """The signals that the server's own handler receives."""
    received: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        received.append(number)

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    yield received
    for number, handler in before.items():
        signal.signal(number, handler)


async def test_the_server_gets_the_signal_after_the_drain(server_signals: list[int]) -> None:
    """A repeated signal from a worker's parent counts as the first; the end of the lifespan does not drain again."""
    drained: list[str] = []
    go_on = asyncio.Event()

    async def drain() -> None:
        await go_on.wait()
        drained.append("drained")

    shutdown = DrainFirst(drain)
    shutdown.install()
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(0.05)
    assert server_signals == []
    go_on.set()
    await shutdown.finish()
    await asyncio.sleep(0.05)
    assert server_signals == [signal.SIGTERM]
    await shutdown.finish()
    assert drained == ["drained"]


async def test_a_second_signal_does_not_wait(server_signals: list[int]) -> None:
    """A second signal after a while ends the server at once, without another drain."""
    now = 0.0
    cancelled = asyncio.Event()

    async def drain() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    shutdown = DrainFirst(drain, lambda: now)
    shutdown.install()
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(0.05)
    now += 2 * SAME_REQUEST_S
    os.kill(os.getpid(), signal.SIGINT)
    async with asyncio.timeout(30):
        await cancelled.wait()
        await shutdown.finish()
    assert server_signals == [signal.SIGINT]


async def test_a_failed_drain_does_not_keep_the_server(server_signals: list[int], caplog: pytest.LogCaptureFixture) -> None:
    """The server ends, and the log has the type of the error."""

    async def drain() -> None:
        raise RuntimeError("secret words")

    shutdown = DrainFirst(drain)
    shutdown.install()
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(30):
        while not server_signals:  # noqa: ASYNC110  # a signal handler sets no event
            await asyncio.sleep(0.01)
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


async def test_without_a_signal_the_end_of_the_lifespan_drains() -> None:
    """The lifespan drains when the server ends without a signal or runs outside of the main thread."""
    drained: list[str] = []

    async def drain() -> None:
        drained.append("drained")

    await DrainFirst(drain).finish()
    assert drained == ["drained"]
