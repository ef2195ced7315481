"""`manage.py python`: uses a stream from a process without sessions, as a cron job does."""

import asyncio
import json
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from streaming.discovery import streams
from streaming.handlers.stream import Stream


class Command(BaseCommand):
    """Calls one of a stream's Python methods for a session, and prints the result as JSON."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stream")
        parser.add_argument("call", choices=["set_input", "latest", "outputs", "close"])
        parser.add_argument("webrtc_id")
        parser.add_argument("values", nargs="*", type=json.loads)

    def handle(self, *args: object, **options: str) -> None:
        stream, call, webrtc_id = streams()[options["stream"]], options["call"], options["webrtc_id"]
        try:
            found: object = None
            if call == "set_input":
                stream.set_input(webrtc_id, *options["values"])
            elif call == "latest":
                found = asyncio.run(stream.fetch_latest_output(webrtc_id)).args
            elif call == "close":
                asyncio.run(stream.update_connection(webrtc_id, "closed"))
            else:
                found = asyncio.run(outputs(stream, webrtc_id))
        except LookupError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(json.dumps(found))


async def outputs(stream: Stream, webrtc_id: str) -> list[object]:
    """Return all outputs of a session, once it has ended."""
    return [output.args for output in [output async for output in stream.output_stream(webrtc_id)]]
