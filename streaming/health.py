"""`/healthz` (this process is alive) and `/readyz` (it can serve a conversation)."""

import asyncio
from collections.abc import Awaitable
from uuid import uuid4

from channels.layers import get_channel_layer
from django.db import connection
from django.http import HttpRequest, JsonResponse

from streaming import recogniser
from streaming.engine.database import in_database
from streaming.engine.registry import registry

CHECK_S = 2.0


async def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as the event loop turns."""
    return JsonResponse({"status": "ok"})


async def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when every part is ready, else 503; either way with each part's state."""
    recogniser.begin_loading()
    parts = {
        "database": await _works(in_database(_ask_database)),
        "channelLayer": await _works(_ask_layer()),
        "recogniser": recogniser.loaded(),
        "notDraining": not registry().draining,
    }
    ready = all(parts.values())
    response = JsonResponse({"status": "ready" if ready else "not ready", **parts}, status=200 if ready else 503)
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django would log each 503 as an error: here it is an answer
    return response


async def _works(question: Awaitable[object]) -> bool:
    try:
        async with asyncio.timeout(CHECK_S):
            await question
    except Exception:
        return False
    return True


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


async def _ask_layer() -> None:
    layer = get_channel_layer()
    if layer is None:
        raise RuntimeError("no channel layer is configured")
    channel = f"readyz-{uuid4().hex}"
    await layer.send(channel, {"type": "parley.ready"})
    await layer.receive(channel)
