"""`python -m tests.bench`: how fast and how well Parley works, as ratios within one run (docs/develop/performance.md)."""

import json
import os
import subprocess
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tests.bench import resource_usage
from tests.bench.child_processes import BenchError, Server
from tests.bench.report import GOAL_HEADS, Goal, Result, Table, summary, write_into
from tests.bench.rounds import Say
from tests.bench.scale import QUICK, Sizes
from tests.bench.scenarios import (
    accuracy,
    agent,
    diarization,
    flood,
    growth,
    imports,
    interims,
    interruptions,
    languages,
    listeners,
    load,
    meaning,
    optimisations,
    reading,
    sockets,
    speakers,
    streams,
    turns,
    video,
    webrtc,
    writes,
)
from tests.bench.scenarios import (
    summary as summaries,
)
from tests.bench.targets import BARE, DAPHNE, FASTRTC, UVICORN, Target, targets, variants

DOCS = settings.BASE_DIR / "docs" / "develop"
SUMMARY = DOCS / "performance.md"
SPEECH: dict[str, Callable[[Server, Sizes, Say], Result]] = {
    "load": load.measure,
    "interims": interims.measure,
    "accuracy": accuracy.measure,
    "sockets": sockets.measure,
    "listeners": listeners.measure,
    "flood": flood.measure,
    "writes": writes.measure,
    "imports": imports.measure,
    "diarization": diarization.measure,
}
STREAMS: dict[str, Callable[[Sequence[Target], Sizes, Say], Result]] = {
    "streams": streams.measure,
    "webrtc": webrtc.measure,
    "video": video.measure,
    "growth": growth.measure,
}
QMSUM: dict[str, Callable[[Path | None, Say], Result]] = {"summary": summaries.measure, "meaning": meaning.measure}
"""Parts that need the file of `--qmsum`."""
SPEAKERS = "speakers"
"""The part that needs the folder of `--speakers-data`."""
TURNS = "turns"
"""The part that needs the file of `--turns-data`."""
PAGES = {
    **dict.fromkeys(SPEECH, DOCS / "performance-conversations.md"),
    "summary": DOCS / "summary.md",
    "meaning": DOCS / "search.md",
    "streams": DOCS / "performance-streams.md",
    "webrtc": DOCS / "performance-webrtc.md",
    "video": DOCS / "performance-webrtc.md",
    "growth": DOCS / "performance-streams.md",
    "optimisations": DOCS / "performance-streams.md",
    "reading": DOCS / "performance-conversations.md",
    SPEAKERS: DOCS / "speakers.md",
    "languages": DOCS / "languages.md",
    TURNS: DOCS / "end-of-turn.md",
    "diarization": DOCS / "speakers.md",
    "agent": DOCS / "performance-streams.md",
    "interruptions": DOCS / "performance-streams.md",
}


BUSY = 0.2
"""Number of cores used by other processes above which a run is unreliable."""


class Command(BaseCommand):
    """Runs the benchmark with servers of its own; does not touch any data."""

    help = "Measure speed and accuracy, as ratios within one run."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define the command-line arguments."""
        parser.add_argument(
            "--qmsum", type=Path, help="a file of QMSum in JSON lines, for the parts `summary` and `meaning`; without it they are left out"
        )
        parser.add_argument(
            "--speakers-data", type=Path, help="a folder with ami/ and libri/, for the part `speakers`; without it it is left out"
        )
        parser.add_argument(
            "--turns-data", type=Path, help="a file of words with times in JSON lines, for the part `turns`; without it it is left out"
        )
        parser.add_argument("--smart-turn", type=Path, help="smart-turn-v3.2-cpu.onnx, to measure it beside the words in the part `turns`")
        parser.add_argument("--rttm", type=Path, help="a folder for the RTTM files of the part `speakers`")
        parser.add_argument("--only", nargs="+", type=_parts, help=f"parts to measure (default: all): {', '.join(PAGES)}")
        parser.add_argument("--quick", action="store_true", help="a few minutes instead of about twenty: short windows, one round")
        parser.add_argument("--speakers", type=_numbers, help="such as 1,8,16,32,64 (the default)")
        parser.add_argument("--most", type=int, help=f"go on above them up to so many (default: {Sizes().most_speakers})")
        parser.add_argument("--seconds", type=float, help=f"of speech from each speaker (default: {Sizes().seconds:g})")
        parser.add_argument(
            "--fastrtc",
            metavar="PYTHON",
            default=os.environ.get("BENCH_FASTRTC_PYTHON", ""),
            help="a Python that has FastRTC, to measure it in the same run (default: BENCH_FASTRTC_PYTHON)",
        )
        parser.add_argument("--json", type=Path, help="write everything that was measured to this file")
        parser.add_argument("--write", action="store_true", help="update the tables in docs/develop/performance*.md")

    def handle(self, *args: Any, **options: Any) -> None:
        """Measure part by part. Each result is printed, and written if requested, as soon as it is known."""
        sizes, fastrtc = _sizes(options), options["fastrtc"]
        beside = f"FastRTC {_version(fastrtc)}" if fastrtc else "no FastRTC (--fastrtc): streams are compared with a bare server only"
        about = f"{resource_usage.describe()}; {beside}"
        self.stdout.write(about)
        data: dict[str, Any] = {"machine": about}
        goals: list[Goal] = []
        wanted = [part for parts in options["only"] or [_all_parts(options)] for part in parts]
        for name in wanted:
            self._say(name)
            others = resource_usage.Others()
            try:
                result = self._with_data(name, options) or _measure(name, sizes, fastrtc, self._say)
            except BenchError as error:
                raise CommandError(f"{name}: {error}") from None
            busy = others.cores()
            self.stdout.write(f"\n{result.text()}\n")
            if busy > BUSY:
                self.stdout.write(f"\nOthers used {busy:.1f} cores meanwhile: these are figures of a busy machine.\n")
            goals += result.goals
            data[name] = {"cores_used_by_others": busy, **result.data}
            if options["write"]:
                _write(result, f"{_command(name, options)}, {_day()}, {about}", busy)
            if options["json"]:
                options["json"].write_text(json.dumps(data, indent=1))
        if goals:
            self.stdout.write("\n" + Table("Summary", GOAL_HEADS, [goal.cells() for goal in goals]).markdown() + "\n")

    def _with_data(self, name: str, options: dict[str, Any]) -> Result | None:
        """Measure a part that needs a file or folder; return None for any other. Raises BenchError."""
        if name == SPEAKERS:
            return speakers.measure(options["speakers_data"], options["rttm"], self._say, 4 if options["quick"] else speakers.CONVERSATIONS)
        if name == TURNS:
            return turns.measure(options["turns_data"], options["smart_turn"], self._say, 16 if options["quick"] else turns.SPOKEN)
        return QMSUM[name](options["qmsum"], self._say) if name in QMSUM else None

    def _say(self, text: str) -> None:
        self.stderr.write(f"... {text}")


def _all_parts(options: dict[str, Any]) -> list[str]:
    """Return the parts whose data were named."""
    missing = {
        *(() if options["qmsum"] else QMSUM),
        *(() if options["speakers_data"] else (SPEAKERS,)),
        *(() if options["turns_data"] else (TURNS,)),
    }
    return [name for name in PAGES if name not in missing]


def _measure(name: str, sizes: Sizes, fastrtc: str, say: Say) -> Result:
    """Measure one part with servers of its own. Raises BenchError."""
    if name in SPEECH:
        with Server(RECOGNISER_THREADS=str(sizes.threads)) as server:
            return SPEECH[name](server, sizes, say)
    if name == "languages":
        return languages.measure(sizes, say)
    if name == "agent":
        return agent.measure(sizes, say)
    if name == "interruptions":
        return interruptions.measure(sizes, say)
    if name == "reading":
        return reading.measure(sizes, say)
    if name == "optimisations":
        with variants(optimisations.NAMES, optimisations.ALL) as found:
            return optimisations.measure(found, sizes, say)
    with targets([FASTRTC, UVICORN, DAPHNE, BARE], fastrtc) as found:
        return STREAMS[name](found, sizes, say)


def _write(result: Result, how: str, busy: float) -> None:
    """Write a result to its page and its goals to the summary, with the command to reproduce it; without paths and host names."""
    page = PAGES[result.name]
    page.write_text(write_into(page.read_text(), result.name, f"{result.text()}\n\n{how}; others used {busy:.1f} cores meanwhile."))
    if result.goals:
        SUMMARY.write_text(summary(SUMMARY.read_text(), result.name, result.goals, f"{_day()}, {busy:.1f}"))


def _sizes(options: dict[str, Any]) -> Sizes:
    wished = {"speakers": options["speakers"], "most_speakers": options["most"], "seconds": options["seconds"]}
    sizes = replace(QUICK if options["quick"] else Sizes(), **{name: value for name, value in wished.items() if value is not None})
    if sizes.seconds < 5:
        raise CommandError("--seconds: at least 5 are needed for a complete turn")
    return sizes


def _version(python: str) -> str:
    """Return the FastRTC version of a Python. Raises CommandError when it has none."""
    ask = "import fastrtc, importlib.metadata as m; print(m.version('fastrtc'))"
    try:
        done = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True, timeout=120)  # noqa: S603 - named by the user
    except (OSError, subprocess.SubprocessError):
        raise CommandError(
            "--fastrtc: this is no Python that can import fastrtc (pip install fastrtc==0.0.34 into an environment of its own)"
        ) from None
    return done.stdout.strip()


def _command(name: str, options: dict[str, Any]) -> str:
    """Return the command that measures a part again."""
    words = ["python -m tests.bench --only", name, *(["--quick"] if options["quick"] else [])]
    if name == "summary":
        words.append("--qmsum dev.jsonl.gz")
    if name == SPEAKERS:
        words.append("--speakers-data FOLDER")
    if name == TURNS:
        words.append("--turns-data ami.dev.jsonl.gz")
        words += ["--smart-turn smart-turn-v3.2-cpu.onnx"] if options["smart_turn"] else []
    if name == "load":
        words += [f"--speakers {','.join(map(str, options['speakers']))}"] if options["speakers"] else []
        words += [f"--most {options['most']}"] if options["most"] else []
    if name in SPEECH and options["seconds"]:
        words.append(f"--seconds {options['seconds']:g}")
    if name in STREAMS and options["fastrtc"]:
        words.append("--fastrtc PYTHON")
    return f"`{' '.join(words)}`"


def _day() -> str:
    return str(datetime.now(UTC).date())


def _parts(text: str) -> list[str]:
    """Return the parts in a comma-separated list."""
    parts = [part for part in text.split(",") if part]
    wrong = [part for part in parts if part not in PAGES]
    if wrong or not parts:
        raise ArgumentTypeError(f"there is no part {', '.join(wrong) or text!r}; there are {', '.join(PAGES)}")
    return parts


def _numbers(text: str) -> Sequence[int]:
    try:
        numbers = tuple(sorted(int(part) for part in text.split(",")))
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a list of whole numbers such as 1,8,16") from None
    if numbers[0] < 1:
        raise ArgumentTypeError("at least one speaker is needed")
    return numbers
