"""A reader of server-sent events for tests, as strict as a browser's EventSource."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from tests.servers import Server
from tests.streaming.transports.client import WAIT_S


@dataclass(frozen=True)
class Event:
    """One event: its number, its name (empty: a message), its data."""

    number: int
    name: str
    data: str


class Events:
    """What one subscriber received: events, comments, and whether the server ended the response."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.events: list[Event] = []
        self.comments = 0
        self.end = ""
        """Why the server ended the response, from its last event."""
        self.ended = False
        self._news = asyncio.Condition()
        self.reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        fields: dict[str, str] = {}
        try:
            async for line in self.response.aiter_lines():
                async with self._news:
                    self._take(line, fields)
                    self._news.notify_all()
        except httpx.HTTPError:
            pass
        async with self._news:
            self.ended = True
            self._news.notify_all()

    def _take(self, line: str, fields: dict[str, str]) -> None:
        if line.startswith(":"):
            self.comments += 1
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = f"{fields[name]}\n{value}" if name in fields else value
        elif fields.get("event") == "end":
            self.end = fields["data"]
        elif fields:
            self.events.append(Event(int(fields["id"]), fields.get("event", ""), fields["data"]))
            fields.clear()

    @property
    def numbers(self) -> list[int]:
        """The numbers of the events in order of arrival."""
        return [event.number for event in self.events]

    async def until(self, found: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
        """Wait until the condition is true."""
        async with asyncio.timeout(timeout_s), self._news:
            await self._news.wait_for(found)

    async def wait(self, count: int) -> list[Event]:
        """Wait for this many events and return them all."""
        await self.until(lambda: len(self.events) >= count or self.ended)
        assert len(self.events) >= count, f"{len(self.events)} of {count} events came, ended {self.ended}"
        return self.events

    async def wait_ended(self) -> None:
        """Wait until the server ended the response."""
        await self.until(lambda: self.ended)


@asynccontextmanager
async def subscribed(
    server: Server, token: str, stream: str, webrtc_id: str, path: str = "updates", headers: dict[str, str] | None = None, query: str = ""
) -> AsyncIterator[Events]:
    """Open a subscription; `response` says whether it was granted."""
    prefix = f"/streams/{stream}/" if stream else "/"
    wanted = ({"x-api-key": token} if token else {}) | (headers or {})
    url = f"{server.url}{prefix}{path}?webrtc_id={webrtc_id}{query}"
    async with (
        httpx.AsyncClient(timeout=httpx.Timeout(WAIT_S, read=120)) as client,
        client.stream("GET", url, headers=wanted) as response,
    ):
        events = Events(response)
        try:
            yield events
        finally:
            events.reader.cancel()
            await asyncio.gather(events.reader, return_exceptions=True)
