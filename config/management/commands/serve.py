"""`manage.py serve`: Parley on our bounded Daphne. For many users, docs/deploy.md shows uvicorn."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from streaming import recogniser

OPTIONS: dict[str, Any] = {
    "server_name": "parley",
    "verbosity": 1,
    # A speaker whose line went dead without a word is missed after 25 s at most, so that it may come back soon.
    "ping_interval": 10,
    "ping_timeout": 15,
}


class Command(BaseCommand):
    """Serve until SIGTERM or Ctrl-C, then finish what is being said."""

    help = "Serve Parley at HOST:PORT (PORT=0 lets the system choose)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the server; says on standard output where it listens once it does."""
        from config.asgi import application, drain
        from config.daphne import BoundedServer

        recogniser.begin_loading()  # so that the first speaker does not wait for the models

        def started(port: int) -> None:
            host = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
            self.stdout.write(f"Parley listens at http://{host}:{port}\n")
            self.stdout.flush()
            sys.stdout.flush()

        endpoint = f"tcp:port={settings.PORT}:interface={settings.HOST.replace(':', chr(92) + ':')}"
        server = BoundedServer(application, drain=drain, started=started, endpoints=[endpoint], **OPTIONS)
        server.run()
        if server.abort_start:
            raise CommandError(f"no server at {settings.HOST}:{settings.PORT}")
