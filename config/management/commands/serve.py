"""`manage.py serve`: Parley on our bounded Daphne, with a worker beside it. For many users, docs/operate/deploy.md shows uvicorn."""

import logging
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections

from insights import access
from insights.management.tables import UnappliedMigrations, create_missing_tables
from insights.site_address import site_address
from streaming import recogniser

logger = logging.getLogger(__name__)

LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]")

OPTIONS: dict[str, Any] = {
    "server_name": "parley",
    "verbosity": 1,
    # A connection that was lost without a close frame is detected within 25 s, so that its speaker can soon reconnect.
    "ping_interval": 10,
    "ping_timeout": 15,
}


class Command(BaseCommand):
    """Serves until SIGTERM or Ctrl-C, then drains the live sessions."""

    help = "Serve Parley at HOST:PORT (PORT=0 lets the system choose)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("--no-worker", action="store_true", help="start no worker: jobs wait for `manage.py worker`")

    def handle(self, *args: Any, no_worker: bool, **options: Any) -> None:
        """Run the server and its worker; print the address to standard output once it listens."""
        from config.asgi import application, drain
        from config.daphne_server import BoundedServer
        from config.worker_process import WorkerProcess

        self._prepare_database()
        account_hint = _account_hint()  # before the event loop starts, because Django forbids database access in it
        worker = None if no_worker else WorkerProcess()
        recogniser.begin_loading()  # so that the first speaker does not wait for the models

        def started(port: int) -> None:
            self.stdout.write(f"Parley listens at http://{_local_host()}:{port}{_network_hint(port)}\n")
            if hint := account_hint(port):
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

        server = BoundedServer(application, drain=drain_both, started=started, endpoints=[endpoint], **OPTIONS)
        try:
            server.run()
        finally:
            if worker is not None:
                worker.stop()
        if server.abort_start:
            raise CommandError(f"no server at {settings.HOST}:{settings.PORT}")

    def _prepare_database(self) -> None:
        """Create the tables of a new installation. Where an operator has to migrate, say so; /readyz is not ready until then."""
        try:
            create_missing_tables()
        except UnappliedMigrations as error:
            self.stderr.write(f"Parley is not ready: {error}")
        except DatabaseError as error:
            logger.warning("cannot tell whether the database has its tables: %s", type(error).__name__)
        finally:
            connections.close_all()


def _local_host() -> str:
    """Return the host by which a browser on this machine reaches the server."""
    if settings.HOST in ("", "0.0.0.0", "::"):  # noqa: S104 - compared with, not bound to
        return "127.0.0.1"
    return f"[{settings.HOST}]" if ":" in settings.HOST else str(settings.HOST)


def _network_hint(port: int) -> str:
    """Return what to add to the address where other machines reach the server, or would if ALLOWED_HOSTS named it; else an empty text."""
    if settings.HOST in LOOPBACK:
        return ""
    bound = f" (bound to {settings.HOST} port {port}"
    if all(host in LOOPBACK for host in settings.ALLOWED_HOSTS):
        return f"{bound}; requests from other machines get 400 until ALLOWED_HOSTS has the name or address that they use)"
    return f"{bound})"


def _account_hint() -> Callable[[int], str]:
    """Return a function from the port to the hint on how to create an account; "" if an account exists or the database is down."""
    try:
        if access.setup_is_open():
            return lambda port: f"Create the first account at {access.setup_link(site_address(port))}\n"
        if access.nobody_can_sign_in():
            return lambda port: "No account has a password yet: `manage.py createadmin --email you@example.com` makes an administrator\n"
    except DatabaseError as error:
        logger.warning("cannot check whether an account exists: %s", type(error).__name__)
    finally:
        connections.close_all()
    return lambda port: ""
