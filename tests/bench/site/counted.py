"""A handler that counts how many of it began and how many were shut down, and what else of sessions a server holds."""

import asyncio
import gc
from typing import Any

from django.http import HttpRequest, JsonResponse

from streaming.cluster.registry import registry
from streaming.cluster.rpc import rpc
from streaming.discovery import streams
from streaming.sessions.stream_session import StreamSession
from streaming.transports import consumer
from streaming.transports.webrtc.peer import peers
from tests.bench.site.handlers import Echo


class Counted(Echo):
    """An echo; the counts are those of the process."""

    begun = 0
    shut_down = 0

    def copy(self) -> "Counted":
        """Count one more, and return it."""
        Counted.begun += 1
        return Counted(self.rate)

    async def shutdown(self) -> None:
        """Count one less."""
        Counted.shut_down += 1


async def left(request: HttpRequest) -> JsonResponse:
    """Tell what is held at this moment: each figure that grows with the number of past sessions is a leak."""
    gc.unfreeze()  # or else the stream's own handler would not be seen
    gc.collect()
    return JsonResponse(
        {
            "begun": Counted.begun,
            "shut_down": Counted.shut_down,
            "handlers": _alive(Counted) - 1,  # the stream's own
            "participants": _alive(StreamSession),
            "slots": sum(len(stream.participants) for stream in streams().values()),
            "sessions": len(registry()),
            "peers": len(peers()),
            "sockets": len(consumer._open),
            "answerers": len(rpc()._answerers),
            "tasks": len(asyncio.all_tasks()),
        }
    )


def _alive(kind: type[Any]) -> int:
    return sum(isinstance(one, kind) for one in gc.get_objects())
