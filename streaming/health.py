"""`/healthz` (this process is alive) and `/readyz` (it can serve a conversation).

The server answers both outside of Django (`config/http_limits.py`), so neither waits for a thread. The views give the same answers as
Django routes.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import uuid4

from channels.layers import get_channel_layer
from django.http import HttpRequest, JsonResponse

from insights.access.readiness import check_database
from streaming import recogniser
from streaming.aio.executors import Threads
from streaming.cluster.runtime import runtime

CHECK_S = 1.5
"""Longest wait for a check, in seconds; the response comes within 2 s."""
FRESH_S = 1.0
"""Seconds for which the result of a check is reused, because each check of the database writes to it."""
_THREADS = Threads("readiness", 1)

State = dict[str, str | bool]


class SharedCheck:
    """A check that runs at most once at a time: concurrent requests share it, so hanging checks do not pile up."""

    def __init__(self, check: Callable[[], Awaitable[object]]) -> None:
        self._check = check
        self._running: asyncio.Task[bool] | None = None
        self._ended = float("-inf")

    async def passes(self) -> bool:
        """Return whether the check passes; False if it takes longer than CHECK_S."""
        running = self._running
        if running is None or running.get_loop() is not asyncio.get_running_loop() or self._is_old(running):
            running = self._running = asyncio.create_task(self._run())
        done, _ = await asyncio.wait([running], timeout=CHECK_S)
        return bool(done) and not running.cancelled() and running.result()

    def _is_old(self, check: asyncio.Task[bool]) -> bool:
        return check.done() and time.monotonic() - self._ended > FRESH_S

    async def _run(self) -> bool:
        try:
            await self._check()
        except Exception:
            return False
        finally:
            self._ended = time.monotonic()
        return True


async def _check_database() -> None:
    await _THREADS.run(check_database)


async def _check_layer() -> None:
    layer = get_channel_layer()
    if layer is None:
        raise RuntimeError("no channel layer is configured")
    channel = f"readyz-{uuid4().hex}"
    await layer.send(channel, {"type": "parley.ready"})
    await layer.receive(channel)


_DATABASE = SharedCheck(_check_database)
_LAYER = SharedCheck(_check_layer)


async def liveness() -> tuple[int, State]:
    """Return status 200, which shows that the event loop runs."""
    return 200, {"status": "ok"}


async def readiness() -> tuple[int, State]:
    """Return 200 if every part is ready, else 503, and the state of each part."""
    recogniser.begin_loading()
    database, layer = await asyncio.gather(_DATABASE.passes(), _LAYER.passes())
    parts = {"database": database, "channelLayer": layer, "recogniser": recogniser.loaded(), "notDraining": not runtime().registry.draining}
    ready = all(parts.values())
    return 200 if ready else 503, {"status": "ready" if ready else "not ready", **parts}


async def healthz(request: HttpRequest) -> JsonResponse:
    """Respond with `liveness`."""
    status, state = await liveness()
    return JsonResponse(state, status=status)


async def readyz(request: HttpRequest) -> JsonResponse:
    """Respond with `readiness`."""
    status, state = await readiness()
    response = JsonResponse(state, status=status)
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django would log each 503 as an error, but here it is a normal response
    return response
