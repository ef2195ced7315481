"""uvicorn with HOST and PORT of the settings, whatever the program asks for."""

import asyncio
from collections.abc import Callable
from os import PathLike
from typing import Any, TypedDict

import uvicorn
from django.conf import settings

from config.program.local_access import LocalAccess
from config.start import account_hint, local_host, network_hint
from config.worker_process import WorkerProcess

_RUN, _SERVE = uvicorn.Server.run, uvicorn.Server.serve


class TlsOptions(TypedDict, total=False):
    """What of the program's own options holds for its server, with uvicorn's names. docs/operate/deploy.md says why the others do not."""

    ssl_keyfile: str | PathLike[str]
    ssl_certfile: str | PathLike[str]
    ssl_keyfile_password: str
    ssl_ca_certs: str
    ssl_ciphers: str
    ssl_cert_reqs: int
    ssl_version: int


class ProgramServer(uvicorn.Server):
    """uvicorn, which says where it listens, and then starts the worker.

    `announcement` gets the base URL, a hint on the network, and who has access.
    """

    def __init__(
        self,
        application: Any,
        tls: TlsOptions,
        access: LocalAccess,
        announcement: Callable[[str, str, LocalAccess], str],
        worker: WorkerProcess | None,
    ) -> None:
        config = uvicorn.Config(
            application,
            host=settings.HOST,
            port=settings.PORT,
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            ws_per_message_deflate=False,
            ws_max_size=2 * 1024 * 1024,
            timeout_graceful_shutdown=10,
            **tls,
        )
        super().__init__(config)
        self._access, self._announcement, self._worker = access, announcement, worker
        self._hint_at = account_hint()  # before the event loop starts, because Django forbids database access in it

    run = _RUN
    serve = _SERVE

    async def startup(self, sockets: Any = None) -> None:
        """Start to listen, and print where."""
        await super().startup(sockets)
        if not self.started:
            return
        bound: list[asyncio.base_events.Server] = self.servers
        names = [socket.getsockname() for server in bound for socket in server.sockets]
        self._access.bind(name[0] for name in names)
        port = int(names[0][1])
        scheme = "https" if self.config.is_ssl else "http"
        print(self._announcement(f"{scheme}://{local_host()}:{port}", network_hint(port), self._access), flush=True)
        if not self._access.loopback_only and (hint := self._hint_at(port)):
            print(f"  {hint}", end="", flush=True)
        if self._worker is not None:
            self._worker.start()  # afterwards, so that it does not slow the start down

    async def shutdown(self, sockets: Any = None) -> None:
        """Stop to listen, and wait for the end of the worker; not after a second signal."""
        await super().shutdown(sockets)
        if self._worker is not None and not self.force_exit:
            await asyncio.to_thread(self._worker.stop)
