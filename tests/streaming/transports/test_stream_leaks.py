"""Sessions over sockets leave no session, handler, task or thread."""

import asyncio
import gc
import threading
from typing import Any

import pytest

from streaming import AsyncStreamHandler, Stream, StreamHandler
from streaming.aio.executors import close_threads
from streaming.sessions.session import Session
from streaming.transports import stream_socket
from streaming.transports.fastrtc_socket import FastrtcConsumer
from tests.streaming.sessions.connections import until

MEDIA = '{"event":"media","media":{"payload":"' + "f39/" * 53 + "fw==" + '"}}'


class Quick(AsyncStreamHandler):
    """Echoes in the event loop."""

    def __init__(self) -> None:
        super().__init__("mono", 8000, input_sample_rate=8000)
        self.queue: asyncio.Queue[Any] = asyncio.Queue()

    def copy(self) -> "Quick":
        """Return a copy for another session."""
        return Quick()

    async def receive(self, frame: Any) -> None:
        """Keep the frame."""
        self.queue.put_nowait(frame)

    async def emit(self) -> Any:
        """Return it."""
        return await self.queue.get()


class Blocking(StreamHandler):
    """Echoes in threads."""

    def __init__(self) -> None:
        super().__init__("mono", 8000, input_sample_rate=8000)
        self.frames: list[Any] = []
        self.news = threading.Semaphore(0)

    def copy(self) -> "Blocking":
        """Return a copy for another session."""
        return Blocking()

    def receive(self, frame: Any) -> None:
        """Keep the frame."""
        self.frames.append(frame)
        self.news.release()

    def emit(self) -> Any:
        """Wait for a frame and return it."""
        self.news.acquire()
        return self.frames.pop(0) if self.frames else None

    def shutdown(self) -> None:
        """Release the waiting thread."""
        self.news.release()


async def one_session(name: str, number: int, *, stop: bool) -> None:
    """Run a session of one echoed frame on the ASGI application, and end it by stop or by disconnect."""
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    heard, closed = asyncio.Event(), asyncio.Event()

    async def send(message: dict[str, Any]) -> None:
        if '"media"' in message.get("text", ""):
            heard.set()
        if message["type"] == "websocket.close":
            closed.set()
            incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})

    scope = {"type": "websocket", "url_route": {"kwargs": {"name": name}}, "query_string": b"", "headers": [], "subprotocols": []}
    incoming.put_nowait({"type": "websocket.connect"})
    incoming.put_nowait({"type": "websocket.receive", "text": f'{{"event":"start","websocket_id":"leak{number}"}}'})
    incoming.put_nowait({"type": "websocket.receive", "text": MEDIA})
    serving = asyncio.create_task(FastrtcConsumer.as_asgi()(scope, incoming.get, send))
    async with asyncio.timeout(60):
        await heard.wait()
        incoming.put_nowait({"type": "websocket.receive", "text": '{"event":"stop"}'} if stop else {"type": "websocket.disconnect"})
        await serving


@pytest.mark.parametrize("handler", [Quick, Blocking])
async def test_nothing_is_left(monkeypatch: pytest.MonkeyPatch, handler: Any) -> None:
    """A hundred sessions leave as much as the first few."""
    stream = Stream(handler(), modality="audio", mode="send-receive", name="leaky", public=True)
    monkeypatch.setattr(stream_socket, "find_stream", lambda name: stream)

    async def rest() -> tuple[int, int, int]:
        await until(lambda: not stream.sessions, 60)
        await asyncio.sleep(0.2)
        close_threads()
        gc.collect()
        kept = [one for one in gc.get_objects() if issubclass(type(one), Session | handler)]
        threads = sum(not thread.name.startswith("asyncio_") for thread in threading.enumerate())  # the pool's are as many as may be
        return len(kept), len(asyncio.all_tasks()), threads

    for number in range(5):
        await one_session("leaky", number, stop=number % 2 == 0)
    before = await rest()
    for number in range(100):
        await one_session("leaky", number, stop=number % 2 == 0)
    for _ in range(50):  # the last thread may take a while to end
        after = await rest()
        if no_more := all(now <= then for now, then in zip(after, before, strict=True)):
            break
    assert no_more, (before, after)
    assert stream.sessions == {}
