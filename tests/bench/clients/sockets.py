"""Clients of `.../websocket/offer` that send noise in real time and recognise its echo; a client can also be silent."""

import asyncio
import base64
import json
import re
import time
from dataclasses import dataclass, field
from uuid import uuid4

import aiohttp

from tests.bench.clients.noise import SILENCE, Noise, NoiseEcho

_PAYLOAD = re.compile(r'"payload": ?"([^"]*)"')
OPENED_AT_ONCE = 20
_CLOSE_S = 60.0


@dataclass
class Socket:
    """One client; times are those of time.perf_counter.

    `sent` has the time of each frame by its number, `delays` (when it was sent, seconds until it was back), and `late` how late each frame
    was sent.
    """

    url: str
    noise: Noise
    silent: bool = False
    id: str = field(default_factory=lambda: uuid4().hex)
    sent: list[float] = field(default_factory=list)
    delays: list[tuple[float, float]] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    async def open(self, http: aiohttp.ClientSession) -> None:
        """Connect and start."""
        self._socket = await http.ws_connect(f"{self.url}/websocket/offer", compress=0, max_msg_size=0)
        await self._socket.send_str(json.dumps({"event": "start", "websocket_id": self.id}))
        self._reading = asyncio.create_task(self._read())

    async def speak(self, begin: float, every_s: float) -> None:
        """Send every frame when it is due."""
        try:
            for number, message in enumerate(self.noise.messages):
                due = begin + number * every_s
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                now = time.perf_counter()
                self.late.append(now - due)
                self.sent.append(now)
                await self._socket.send_str(SILENCE if self.silent else message)
        except (aiohttp.ClientError, ConnectionError) as error:
            self.errors.append(type(error).__name__)

    async def close(self, *, stop: bool = True) -> None:
        """Send a stop message unless `stop` is false, disconnect, and stop reading."""
        try:
            async with asyncio.timeout(_CLOSE_S):
                if stop:
                    await self._socket.send_str('{"event":"stop"}')
                await self._socket.close()
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
            self.errors.append(type(error).__name__)
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        echo = NoiseEcho(self.noise)
        back: set[int] = set()
        async for message in self._socket:
            now = time.perf_counter()
            text = str(message.data)
            found = _PAYLOAD.search(text)
            if found is None:
                self._complaint(text)
            elif not self.silent:
                for number in echo.take(base64.b64decode(found[1])):
                    if number < len(self.sent) and number not in back:
                        back.add(number)
                        self.delays.append((self.sent[number], now - self.sent[number]))

    def _complaint(self, text: str) -> None:
        if '"error"' in text or '"failed"' in text:
            self.errors.append(text[:200])


async def open_all(sockets: list[Socket], http: aiohttp.ClientSession) -> list[Socket]:
    """Open the sockets, some at a time; return those that connected. The others have their errors."""

    async def one(socket: Socket) -> bool:
        try:
            async with asyncio.timeout(20):
                await socket.open(http)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            socket.errors.append(type(error).__name__)
            return False
        return True

    came_in: list[Socket] = []
    for first in range(0, len(sockets), OPENED_AT_ONCE):
        some = sockets[first : first + OPENED_AT_ONCE]
        came_in += [socket for socket, inside in zip(some, await asyncio.gather(*map(one, some)), strict=True) if inside]
    return came_in
