"""`manage.py stream FILE`: stream an audio file to a server and print the results."""

import asyncio
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from insights import access
from insights.management.create_tables import create_missing_tables
from streaming.management.terminal import FileStreamError, Screen, stream


class Command(BaseCommand):
    """Streams any file that PyAV can decode; prints transcript and insights as they come."""

    help = "Stream an audio file to a Parley server and print words and insights as they come."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("file", type=Path, help="any audio file, or video file with an audio track")
        parser.add_argument("--url", default=f"http://{settings.HOST}:{settings.PORT}", help="the server (default: %(default)s)")
        parser.add_argument("--speed", type=float, default=1.0, help="1 is real time, 0 as fast as possible (default: %(default)s)")
        parser.add_argument(
            "--speaker", action="append", help="name of the speaker; given twice, each channel of a stereo file is one speaker"
        )
        parser.add_argument("--connection-id", default="", help="join this connection (default: a new one)")
        parser.add_argument("--token", default="", help="access token (default: one for an account of this installation)")
        parser.add_argument(
            "--email",
            default="",
            help="account that owns the conversation (default: the administrator, or the only account)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Stream the file and print the URL of the saved conversation. Raises CommandError."""
        if not 0 <= options["speed"] <= 1000:
            raise CommandError("--speed: allowed are 0 (as fast as possible) to 1000")
        names = options["speaker"] or ["Speaker"]
        connection_id = options["connection_id"] or uuid4().hex
        try:
            with nullcontext(options["token"]) if options["token"] else _temporary_token(options["email"]) as token:
                chosen = {"url": options["url"], "speed": options["speed"], "token": token, "connection_id": connection_id}
                conversation_id = asyncio.run(stream(options["file"], names, screen=Screen(), **chosen))
        except FileStreamError as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            raise CommandError("stopped; what was said before is saved") from None
        self.stdout.write(f"saved: {options['url'].rstrip('/')}/conversations/{conversation_id}/")


@contextmanager
def _temporary_token(email: str) -> Iterator[str]:
    """Yield a token for an account of this installation; its app is created for this and revoked afterwards. Raises CommandError."""
    create_missing_tables()
    user = access.active_account(email)
    if user is None:
        missing = f"there is no active account {email}" if email else "there is no administrator, and not exactly one other account"
        raise CommandError(f"{missing}: `manage.py createapp --email EMAIL` creates an account, --email EMAIL uses it")
    app, secret = access.create_app(user, "stream command")
    try:
        yield access.token_for(app.app_id, secret).access_token
    finally:
        access.revoke_app(user, app.pk)
