"""`manage.py demo`: starts a server, streams a recorded conversation to it and prints where the results are.

The server uses its own data folder (`DATA_DIR/demo`) and a free port. On a terminal it runs until Ctrl-C, otherwise it stops with the
end of the conversation.
"""

import asyncio
import http.client
import logging
import os
import secrets
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from insights import access
from streaming.management.terminal import FileStreamError, Screen, stream

logger = logging.getLogger(__name__)

RECORDING = settings.BASE_DIR / "streaming" / "demo" / "conversation.ogg"
SPEAKERS = ["Anna", "Tom"]
EMAIL = "demo@example.com"
FOLDER = "demo"
START_S = 60.0


class Command(BaseCommand):
    """Runs a demonstration of Parley that takes about a minute."""

    help = "Start a server, stream a recorded conversation to it, and show where it is saved."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--speed", type=float, default=1.0, help="1 is real time (default: %(default)s)")
        parser.add_argument("--leave", action="store_true", help="end the server at once, as without a terminal")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the demo; the server is stopped in any case."""
        if settings.DATA_DIR.name != FOLDER:
            _restart_in_demo_folder()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # runs the `finally` below, which stops the server
        call_command("migrate", verbosity=0)
        password, token = _account()
        server = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--no-worker"], cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True
        )
        try:
            url = _address(server)
            self.stdout.write(f"A server is up at {url}. Anna and Tom talk (a recording, both voices synthetic):\n")
            work = stream(RECORDING, SPEAKERS, url=url, token=token, connection_id=uuid4().hex, speed=options["speed"], screen=Screen())
            conversation_id = asyncio.run(work)
            self.stdout.write(f"\nThe saved conversation: {url}/conversations/{conversation_id}/")
            self.stdout.write(f"Sign in as {EMAIL} with the password {password}")
            if sys.stdin.isatty() and not options["leave"]:
                self.stdout.write("The server runs until you press Ctrl-C.")
                server.wait()
        except FileStreamError as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            self.stdout.write("\nThe demo has ended.")
        finally:
            server.terminate()
            server.wait(30)


def _restart_in_demo_folder() -> None:
    """Replace this process by one with the data folder DATA_DIR/demo, SQLite, no Redis, a free port, and errors only in the log."""
    own = {"DATA_DIR": str(settings.DATA_DIR / FOLDER), "HOST": "127.0.0.1", "PORT": "0", "LOG_LEVEL": "ERROR"}
    own |= {"REDIS_URL": "", "DATABASE_URL": ""}
    os.chdir(settings.BASE_DIR)
    os.execve(sys.executable, [sys.executable, "manage.py", *sys.argv[1:]], {**os.environ, **own})  # noqa: S606 - our own command again


def _account() -> tuple[str, str]:
    """Return a new password and an access token of the demo's administrator."""
    user = access.account_for(EMAIL)
    password = secrets.token_urlsafe(9)
    access.make_administrator(user, password)
    app, secret = access.create_app(user, "demo")
    return password, access.token_for(app.app_id, secret).access_token


def _address(server: "subprocess.Popen[str]") -> str:
    """Return the address that the server prints, once the server is ready."""
    for line in server.stdout or ():
        if "http://" in line:
            url = line[line.index("http://") :].split()[0]
            _wait_until_ready(url)
            return url
    raise CommandError("the demo's server did not start")


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError as error:
            logger.debug("not ready yet: %s", error)
        finally:
            connection.close()
        time.sleep(0.2)
    raise CommandError("the demo's server is not ready after a minute")
