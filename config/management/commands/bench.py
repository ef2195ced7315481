"""`manage.py bench`: how fast and how well Parley hears, as ratios within one run (docs/performance.md)."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.bench import machine
from config.bench.children import BenchError, Server
from config.bench.parts import accuracy, flood, listeners, load, sockets
from config.bench.report import Result, write_into
from config.bench.sizes import Sizes

PARTS = {"load": load, "accuracy": accuracy, "sockets": sockets, "listeners": listeners, "flood": flood}
PAGE = settings.BASE_DIR / "docs" / "performance.md"


class Command(BaseCommand):
    """Measures with servers of its own; touches no data."""

    help = "Measure speed and accuracy, as ratios within one run."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what the command takes."""
        parser.add_argument("--only", nargs="+", choices=sorted(PARTS), help="parts to measure (default: all)")
        parser.add_argument("--speakers", type=_numbers, default=Sizes().speakers, help="such as 1,8,16,32,64 (the default)")
        parser.add_argument("--most", type=int, default=Sizes().most_speakers, help="go on above them up to so many (default: %(default)s)")
        parser.add_argument("--seconds", type=float, default=Sizes().seconds, help="of speech from each speaker (default: %(default)s)")
        parser.add_argument("--json", type=Path, help="write everything that was measured to this file")
        parser.add_argument("--write", action="store_true", help="update the tables in docs/performance.md")

    def handle(self, *args: Any, **options: Any) -> None:
        """Measure part by part; each is shown, and written where that is wanted, as soon as it is known."""
        if options["seconds"] < 5:
            raise CommandError("--seconds: at least 5 are needed to hear a turn to its end")
        sizes = replace(Sizes(), speakers=options["speakers"], most_speakers=options["most"], seconds=options["seconds"])
        data: dict[str, Any] = {"machine": machine.describe()}
        self.stdout.write(machine.describe())
        for name in options["only"] or PARTS:
            busy = machine.load()
            try:
                with Server(RECOGNISER_THREADS=str(sizes.threads)) as server:
                    result = PARTS[name].measure(server, sizes, self._say)
            except BenchError as error:
                raise CommandError(f"{name}: {error}") from None
            self.stdout.write(f"\n{result.text()}\n")
            data[name] = {"load_average": busy, **result.data}
            if options["write"]:
                PAGE.write_text(write_into(PAGE.read_text(), name, _dated(result, busy, sizes)))
            if options["json"]:
                options["json"].write_text(json.dumps(data, indent=1))

    def _say(self, text: str) -> None:
        self.stderr.write(f"... {text}")


def _numbers(text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(sorted(int(part) for part in text.split(",")))
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a list of whole numbers such as 1,8,16") from None
    if numbers[0] < 1:
        raise ArgumentTypeError("at least one speaker is needed")
    return numbers


def _dated(result: Result, busy: float, sizes: Sizes) -> str:
    """Return the result with the command that gives it again, the day and the machine; no path, no host."""
    speakers = ",".join(map(str, sizes.speakers))
    command = f"manage.py bench --only {result.name} --speakers {speakers} --most {sizes.most_speakers} --seconds {sizes.seconds:g}"
    day = datetime.now(UTC).date()
    return f"{result.text()}\n\n`{command}`, {day}, {machine.describe()}; load average before: {busy:.1f}."
