"""`manage.py serve`: Parley on our bounded Daphne, with a worker beside it. For many users, docs/operate/deploy.md shows uvicorn."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.start import account_hint, local_host, network_hint, prepare_database
from streaming import recogniser

PING_INTERVAL_S = 10
PING_TIMEOUT_S = 15
"""A connection that was lost without a close frame is detected within 25 s, so that its speaker can soon reconnect."""


class Command(BaseCommand):
    """Serves until SIGTERM or Ctrl-C, then drains the live sessions."""

    help = "Serve Parley at HOST:PORT (PORT=0 lets the system choose)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("--migrate", action="store_true", help="apply the migrations of this version first")
        parser.add_argument("--no-worker", action="store_true", help="start no worker: jobs wait for `manage.py worker`")

    def handle(self, *args: Any, no_worker: bool, migrate: bool, **options: Any) -> None:
        """Run the server and its worker; print the address to standard output once it listens."""
        from config.asgi import application, drain
        from config.daphne_server import BoundedServer
        from config.worker_process import WorkerProcess

        prepare_database(self.stderr, migrate)
        hint_at = account_hint()  # before the event loop starts, because Django forbids database access in it
        worker = None if no_worker else WorkerProcess()
        recogniser.begin_loading()  # so that the first speaker does not wait for the models

        def started(port: int) -> None:
            self.stdout.write(f"Parley listens at http://{local_host()}:{port}{network_hint(port)}\n")
            if hint := hint_at(port):
                self.stdout.write(hint)
            self.stdout.flush()
            sys.stdout.flush()
            if worker is not None:
                worker.start()  # afterwards, so that it does not slow the start down

        endpoint = f"tcp:port={settings.PORT}:interface={settings.HOST.replace(':', chr(92) + ':')}"

        async def drain_both() -> None:
            if worker is not None:
                worker.begin_to_stop()
            await drain()

        server = BoundedServer(
            application,
            drain=drain_both,
            started=started,
            endpoints=[endpoint],
            server_name="parley",
            verbosity=1,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
        )
        try:
            server.run()
        finally:
            if worker is not None:
                worker.stop()
        if server.abort_start:
            raise CommandError(f"no server at {settings.HOST}:{settings.PORT}")
