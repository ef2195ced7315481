"""`manage.py worker`: runs jobs. Any number of workers on any number of hosts share the work."""

import logging
import os
import select
import signal
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from insights.database import give_way_to_other_processes
from insights.jobs.worker import Worker
from insights.management.create_tables import create_missing_tables
from streaming.cluster.background_loop import BackgroundLoop

logger = logging.getLogger(__name__)

SWITCH_S = 0.0005
"""Seconds after which a thread gives up the interpreter lock. A thread that writes needs it after each statement: with the usual 5 ms, and
other threads that compute, a transaction of some milliseconds would hold the database for a tenth of a second."""

PARENT_S = 2.0
"""Seconds between two looks whether the server is still the parent."""


class Command(BaseCommand):
    """Runs jobs until SIGTERM or Ctrl-C; then finishes them within DRAIN_S seconds, or hands them back."""

    help = "Run background jobs: imports, exports, webhooks, mail, removal of old data."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("--with-server", action="store_true", help="end when standard input ends, as `manage.py serve` needs it")

    def handle(self, *args: Any, with_server: bool, **options: Any) -> None:
        """Run the worker until it is stopped. Raises UnappliedMigrations."""
        create_missing_tables()
        give_way_to_other_processes()
        sys.setswitchinterval(SWITCH_S)
        loop = BackgroundLoop()
        loop.start()
        worker = Worker(settings.WORKER_JOBS)
        signal.signal(signal.SIGTERM, lambda *_: worker.stop())
        signal.signal(signal.SIGINT, signal.SIG_IGN if with_server else lambda *_: worker.stop())  # Ctrl-C goes to both; the server tells
        if with_server:
            threading.Thread(target=_at_end_of_input, args=(worker.stop,), name="server-watch", daemon=True).start()
        logger.info("worker %d runs %d jobs at the same time", os.getpid(), settings.WORKER_JOBS)
        worker.run(settings.DRAIN_S)
        loop.close()
        logger.info("worker %d ends", os.getpid())


def _at_end_of_input(stop: Callable[[], None]) -> None:
    """Call `stop` when the server closes its end of the pipe: it stops, or was killed.

    A process that a program forked may hold that end open after the server was killed; then this process has another parent.
    """
    server, pipe = os.getppid(), sys.stdin.fileno()
    while os.getppid() == server:
        readable, _, _ = select.select([pipe], [], [], PARENT_S)
        if readable and not os.read(pipe, 64):
            break
    stop()
