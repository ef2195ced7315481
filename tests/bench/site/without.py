"""Replaces an optimisation by the plain code that would stand in its place, so that the benchmark can measure what it saves."""

import asyncio
from collections.abc import Callable
from typing import Any

import config.signalling
from config.uvicorn_websocket import PacedWebSocketProtocol
from insights.compiled_query import Compiled, CompiledQuery
from streaming.sessions.audio_io import SilenceBuffer
from streaming.transports.loop_lag import Lag
from streaming.transports.stream_socket import StreamConsumer
from tests.bench.site import handlers


def silence_buffer() -> None:
    """Pass every block on at once."""

    def push(self: SilenceBuffer, block: Any, rate: int) -> list[tuple[Any, int]]:
        return [(block, rate)]

    SilenceBuffer.push = push  # type: ignore[method-assign]
    read_batching()


def read_batching() -> None:
    """Read every message when it comes."""
    StreamConsumer.batched_receive = lambda self, runner, receive: receive  # type: ignore[method-assign]


def wait_for_item() -> None:
    """Wait with a timer for each wait."""

    async def wait(queue: "asyncio.Queue[Any]", timeout: float = 0.1) -> Any:  # noqa: ASYNC109
        try:
            async with asyncio.timeout(timeout):
                return await queue.get()
        except TimeoutError:
            return None

    handlers.wait_for_item = wait  # type: ignore[attr-defined]


def loop_lag() -> None:
    """Take every stall of the process for a pause of the audio."""
    Lag.stalled = lambda self, now: 0.0  # type: ignore[method-assign]


def text_frames() -> None:
    """Write every frame with the parser of websockets."""
    PacedWebSocketProtocol._writes_frames = property(lambda self: False)  # type: ignore[method-assign, assignment]


def signalling() -> None:
    """Answer offers and inputs as any other request: through all middleware, part of it in threads."""

    def pass_on(application: Any) -> Any:
        return application

    config.signalling.signalling_first = pass_on


def compiled_query() -> None:
    """Build and compile each query whenever it runs."""

    def compiled(self: CompiledQuery[Any]) -> Compiled:
        return self.compile()

    CompiledQuery.compiled = compiled  # type: ignore[method-assign]


WITHOUT: dict[str, Callable[[], None]] = {
    one.__name__: one for one in (silence_buffer, read_batching, wait_for_item, loop_lag, text_frames, signalling, compiled_query)
}
