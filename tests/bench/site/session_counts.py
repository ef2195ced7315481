"""A handler that counts its starts and shutdowns, and a view of the session state that a server holds."""

import asyncio
import gc
from typing import Any

from django.http import HttpRequest, JsonResponse

from streaming.cluster.runtime import runtime
from streaming.discovery import streams
from streaming.sessions.session import Session
from streaming.transports import consumer
from streaming.transports.webrtc.peer import Peers
from tests.bench.site.handlers import Echo


class Counted(Echo):
    """An echo handler; the counts are per process."""

    begun = 0
    shut_down = 0

    def copy(self) -> "Counted":
        """Return a new handler and count it."""
        Counted.begun += 1
        return Counted(self.rate)

    async def shutdown(self) -> None:
        """Count the shutdown."""
        Counted.shut_down += 1


async def left(request: HttpRequest) -> JsonResponse:
    """Return what is held at the moment: a figure that grows with the number of past sessions indicates a leak."""
    gc.unfreeze()  # get_objects() skips frozen objects, such as the stream's own handler
    gc.collect()
    return JsonResponse(
        {
            "begun": Counted.begun,
            "shut_down": Counted.shut_down,
            "handlers": _alive(Counted) - 1,  # without the stream's own
            "session_objects": _alive(Session),
            "slots": sum(len(stream.sessions) for stream in streams().values()),
            "sessions": len(runtime().registry),
            "peers": len(runtime().part(Peers)),
            "sockets": len(consumer._open),
            "answerers": len(runtime().rpc._answerers),
            "tasks": len(asyncio.all_tasks()),
        }
    )


def _alive(kind: type[Any]) -> int:
    return sum(issubclass(type(one), kind) for one in gc.get_objects())
