"""The ASGI entry point: routes HTTP to Django and WebSockets to the streaming transports, starts background tasks and drains.

Daphne has no ASGI lifespan, so the first connection starts the background tasks. Servers call `drain` before they close their
sockets: uvicorn through the lifespan and graceful_shutdown.py, our Daphne on SIGTERM.
"""

import gc
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from typing import Any

from django.core.asgi import get_asgi_application

_http: Any = get_asgi_application()  # sets Django up; the imports below need the app registry

from django.conf import settings  # noqa: E402

from config.data_dir import create_files_private, prepare  # noqa: E402
from config.graceful_shutdown import DrainFirst  # noqa: E402
from config.hosts import host_is_allowed, refuse_host  # noqa: E402
from config.http_limits import HttpLimits  # noqa: E402
from config.signalling import signalling_first  # noqa: E402
from config.trusted_proxies import apply_forwarded  # noqa: E402
from config.uploads import Uploads  # noqa: E402
from config.warm_up import warm_up  # noqa: E402
from streaming import health, recogniser  # noqa: E402
from streaming.aio.executors import make_room  # noqa: E402
from streaming.cluster.runtime import runtime  # noqa: E402
from streaming.discovery import check_settings  # noqa: E402
from streaming.recordings.store import AudioStore  # noqa: E402
from streaming.routing import websockets  # noqa: E402
from streaming.transports.consumer import close_all  # noqa: E402
from streaming.transports.request_log import log_http_status, log_refused_handshake  # noqa: E402
from streaming.transports.webrtc.peer import Peers  # noqa: E402

FLUSH_S = 2.0
"""Seconds at shutdown for the last messages to reach slow clients; for each of five steps."""

prepare()
create_files_private()
_limited_http = Uploads(HttpLimits(signalling_first(_http), {"/healthz": health.liveness, "/readyz": health.readiness}))
if "uvicorn" in sys.modules:
    from config import uvicorn_http, uvicorn_websocket

    uvicorn_http.install()
    uvicorn_websocket.install()

check_settings()  # an invalid stream or speech engine stops the server here; this also imports them before the first request
warm_up()
gc.collect()
gc.freeze()
"""Exclude the objects loaded so far from garbage collection: a full collection of these 134,000 objects blocks the process for 70 ms."""


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Serve one connection, or the lifespan of the whole server."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    start()
    apply_forwarded(scope)
    if scope["type"] == "websocket" and not host_is_allowed(scope):
        log_refused_handshake(scope)
        await refuse_host(receive, send)
    elif scope["type"] == "websocket":
        await websockets(scope, receive, send)
    else:
        logged_send: Any = log_http_status(scope, send)
        await _limited_http(scope, receive, logged_send)


def start() -> None:
    """Set up the thread pools, start the background tasks and load the recogniser; does nothing if already done."""
    own = runtime()
    if not own.started:
        make_room()
        own.start()
        own.part(AudioStore).start()
    recogniser.begin_loading()  # at each connection: a failed load is tried again


async def drain() -> None:
    """Accept no new sessions and let live sessions finish: pending speech is stored and sent."""
    own = runtime()
    await own.registry.drain(settings.DRAIN_S)
    await own.broadcaster.caught_up(FLUSH_S)
    await close_all(FLUSH_S)
    await own.part(AudioStore).finished(FLUSH_S)
    await own.part(Peers).all_gone(FLUSH_S)
    if not len(own.registry):
        await own.directory.finish(FLUSH_S)
        await own.heartbeat.stop()


async def _lifespan(receive: Any, send: Any) -> None:
    shutdown = DrainFirst(drain)
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            start()
            shutdown.install()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await shutdown.finish()
            await send({"type": "lifespan.shutdown.complete"})
            return
