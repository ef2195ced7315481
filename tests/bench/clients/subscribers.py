"""Readers of `.../updates`: record when each output of the ticker handler reached each of them."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp


@dataclass
class Subscriber:
    """One reader of one session's outputs; `got` has the number of each, its arrival (Unix time), and its delay in seconds."""

    url: str
    id: str
    got: list[tuple[int, float, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    async def read(self, http: aiohttp.ClientSession) -> None:
        """Read until cancelled, or until the stream ends."""
        try:
            async with http.get(f"{self.url}/updates", params={"webrtc_id": self.id}) as response:
                if response.status != 200:
                    self.errors.append(f"status {response.status}")
                    return
                async for line in response.content:
                    if line.startswith(b"data:"):
                        self._take(json.loads(line[5:]), time.time())
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            self.errors.append(type(error).__name__)

    def _take(self, output: dict[str, Any], now: float) -> None:
        self.got.append((output["n"], now, now - output["t"]))
