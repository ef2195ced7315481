"""German speakers in real time: how many one server serves with Whisper base, beside what the model alone decodes on the same cores."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.bench import speech
from tests.bench.child_processes import BenchError, Server, ask_child
from tests.bench.process import ROOT
from tests.bench.report import Goal, Result, Table, number
from tests.bench.scale import Sizes
from tests.bench.scoring import Delays, all_delays, crossing

MODELS = ROOT / ".cache" / "models"
"""The folder into which `make setup-development` fetches whisper-base."""
LIMIT_S = 1.5
GOAL_SHARE = 0.6
STEPS = (1, 2, 4, 6, 8, 11, 15, 20, 27, 36, 48, 64)
"""Numbers of speakers, each measured while final results are in time."""


@dataclass
class LanguageRow:
    """Results for one number of speakers; CPU in seconds."""

    speakers: int
    spoken_s: float
    sent_s: float
    server_cpu: float = 0.0
    delays: Delays = field(default_factory=Delays)
    errors: list[str] = field(default_factory=list)


def measure(sizes: Sizes, say: Callable[[str], None]) -> Result:
    """Add speakers until final results take longer than LIMIT_S; measure the model alone before and after."""
    if not (MODELS / "whisper-base" / "model.bin").is_file():
        raise BenchError("whisper-base is missing: make setup-development")
    server = Server(RECOGNISER_THREADS=str(sizes.threads))
    models = Path(server.data) / "models"
    models.mkdir()
    (models / "whisper-base").symlink_to(MODELS / "whisper-base", target_is_directory=True)
    with server:
        say("the model alone")
        alone, full = [_alone(sizes, full=False)], _alone(sizes, full=True)
        _row(server, 1, sizes)  # warm
        rows: list[LanguageRow] = []
        for speakers in [step for step in STEPS if step <= max(sizes.most_speakers, sizes.speakers[0])]:
            say(f"speakers: {speakers}")
            rows.append(_row(server, speakers, sizes))
            if (rows[-1].delays.at(95) or 99.0) > LIMIT_S:
                break
        alone.append(_alone(sizes, full=False))
    return _result(rows, sum(alone) / len(alone), full, sizes.threads)


def _alone(sizes: Sizes, *, full: bool) -> float:
    """Return the CPU seconds of the model for each second that a speaker sends, silence included."""
    question = {"mode": "whisper", "models": str(MODELS), "speakers": 2, "seconds": sizes.seconds, "full": full}
    answer = ask_child("bare_recogniser", question, timeout_s=20 * sizes.seconds + 60)
    return float(answer["cpu_s"]) / (2 * sizes.seconds)


def _row(server: Server, speakers: int, sizes: Sizes) -> LanguageRow:
    talks = speech.talks(speech.german(), speakers, sizes.seconds)
    row = LanguageRow(speakers, sum(talk.spoken_s for talk in talks), speakers * sizes.seconds)
    before = server.usage()
    question = {"mode": "speak", **server.access, "speakers": speakers, "seconds": sizes.seconds, "speed": sizes.speed, "language": "de"}
    answer = ask_child("generator", question, timeout_s=sizes.seconds + 300)
    row.server_cpu = server.usage().cpu_s - before.cpu_s
    row.delays = all_delays([talk.whole for talk in talks], answer["speakers"], sizes.speed)
    row.errors = [error for one in answer["speakers"] for error in one["errors"]][:5]
    return row


def _result(rows: list[LanguageRow], alone: float, full: float, cores: int) -> Result:
    heads = ["German speakers", "turns", "missed", "p50", "p95", "server: CPU s per second of speech"]
    cells = [
        [
            str(row.speakers),
            str(row.delays.turns),
            str(len(row.delays.missed)),
            number(row.delays.at(50), 2, " s"),
            number(row.delays.at(95), 2, " s"),
            number(row.server_cpu / row.spoken_s, 3),
        ]
        for row in rows
    ]
    served = crossing([(row.speakers, row.delays.at(95) or 99.0) for row in rows], LIMIT_S)
    in_time = [row.speakers for row in rows if (row.delays.at(95) or 99.0) <= LIMIT_S]
    live = served or float(max(in_time, default=0))
    bare, bare_full = cores / alone, cores / full
    verdicts = [
        f"The model alone decodes {bare:.1f} speakers on {cores} cores ({alone:.3f} CPU s for each second that one sends), "
        f"and {bare_full:.1f} with spectrograms of 30 s and one beam ({full:.3f}).",
        f"The server serves {live:.1f} with a p95 of at most {LIMIT_S:g} s: {live / bare:.2f} and {live / bare_full:.2f} of these.",
    ]
    goal = Goal(
        f"German speakers with p95 of finals <= {LIMIT_S:g} s, share of what the model alone decodes",
        f">= {GOAL_SHARE}",
        f"{live / bare:.2f} ({live:.1f} of {bare:.1f})",
        f"{live / bare_full:.2f} of {bare_full:.1f} with spectrograms of 30 s",
        live / bare >= GOAL_SHARE,
    )
    data: dict[str, Any] = {"rows": [asdict(row) for row in rows], "alone": alone, "full": full}
    return Result("languages", "Speakers of another language", [Table("Live German speakers", heads, cells)], verdicts, data, [goal])
