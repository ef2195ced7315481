"""Many speakers in real time: the delay from the end of a turn to its final result, and CPU, against the bare recogniser.

For each number of speakers the server, the bare recogniser and the bare model get the same audio one after the other, so that a ratio
compares figures measured close together.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tests.bench import speech
from tests.bench.child_processes import Server, ask_child
from tests.bench.report import Goal, Result, Table, megabytes, number
from tests.bench.resource_usage import Others
from tests.bench.scale import Sizes
from tests.bench.scoring import Delays, all_delays, crossing
from tests.bench.thread_cpu import PARTS

GOAL_RATIO = 1.5
LIMIT_S = 1.0
IN_TIME_S, GOAL_SHARE = 0.8, 0.6
"""Final results with a p95 of at most so many seconds are in time; share of the speakers that the model alone decodes."""
GOAL_CPU = {8: 1.5, 32: 1.3}
"""Most CPU of the server beside the model alone, by the number of speakers."""
_HONEST_S = 0.1
"""If the generator itself is later than this, its figures say nothing about the server."""


@dataclass
class Row:
    """Results for one number of speakers. CPU in seconds; `sent_s` and `spoken_s` are sums over the speakers.

    `parts`: CPU seconds of the server's threads, by what they do.
    """

    speakers: int
    sent_s: float
    spoken_s: float
    server_cpu: float = 0.0
    recogniser_cpu: float = 0.0
    model_cpu: float = 0.0
    delays: Delays = field(default_factory=Delays)
    bare_delays: Delays = field(default_factory=Delays)
    interims: int = 0
    bare_interims: int = 0
    resident: int = 0
    late_p99: float = 0.0
    others: float = 0.0
    bare_others: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


def measure(server: Server, sizes: Sizes, say: Callable[[str], None]) -> Result:
    """Run the given numbers of speakers, then more until final results take too long."""
    rows: list[Row] = []
    if sizes.warm_s:
        _speak(server, 1, replace(sizes, seconds=sizes.warm_s))
    for speakers in _numbers(sizes, rows):
        say(f"speakers: {speakers}")
        rows.append(_row(server, speakers, sizes))
    data: dict[str, Any] = {"rows": [asdict(row) for row in rows]}
    return Result("load", "Many speakers at real time", [_cpu(rows), _parts(rows), _delay(rows)], _verdicts(rows), data, _goals(rows))


def _numbers(sizes: Sizes, rows: list[Row]) -> Iterator[int]:
    """Yield the given numbers of speakers, then half as many more each time while final results are in time."""
    yield from sizes.speakers
    speakers = sizes.speakers[-1]
    while (speakers := speakers * 3 // 2 + 1) <= sizes.most_speakers and (rows[-1].delays.at(95) or 99) <= LIMIT_S:
        yield speakers


def _row(server: Server, speakers: int, sizes: Sizes) -> Row:
    talks = speech.talks(speech.conversation(), speakers, sizes.seconds)
    row = Row(speakers, speakers * sizes.seconds, sum(talk.spoken_s for talk in talks))
    turns = [talk.whole for talk in talks]
    others, before, parts_before = Others(server.pid), server.usage(), server.thread_cpu_s()
    answer = _speak(server, speakers, sizes)
    after = server.usage()
    row.parts = {part: seconds - parts_before[part] for part, seconds in server.thread_cpu_s().items()}
    row.others = others.cores()
    row.server_cpu, row.resident = after.cpu_s - before.cpu_s, after.resident
    row.delays, row.late_p99 = all_delays(turns, answer["speakers"], sizes.speed), answer["late_p99"]
    row.interims = sum(one["interims"] for one in answer["speakers"])
    row.errors = [error for one in answer["speakers"] for error in one["errors"]][:5]
    same = {"speakers": speakers, "seconds": sizes.seconds, "threads": sizes.threads, "speed": sizes.speed}
    others = Others(server.pid)
    bare = ask_child("bare_recogniser", {"mode": "recogniser", **same}, timeout_s=sizes.seconds + 200)
    row.bare_others = others.cores()
    row.recogniser_cpu, row.bare_delays = bare["cpu_s"], all_delays(turns, bare["speakers"], sizes.speed)
    row.bare_interims = sum(one["interims"] for one in bare["speakers"])
    row.model_cpu = ask_child("bare_recogniser", {"mode": "model", **same}, timeout_s=sizes.seconds * speakers + 60)["cpu_s"]
    return row


def _speak(server: Server, speakers: int, sizes: Sizes) -> Any:
    question = {"mode": "speak", **server.access, "speakers": speakers, "seconds": sizes.seconds, "speed": sizes.speed}
    return ask_child("generator", question, timeout_s=sizes.seconds + 300)


def _cpu(rows: list[Row]) -> Table:
    heads = [
        "speakers",
        "server",
        "(b) recogniser alone",
        "server / (b)",
        "(a) model alone",
        "server / (a)",
        "interims per second: server",
        "(b)",
        "cores used by others: during server",
        "during (b)",
    ]
    cells = [
        [
            str(row.speakers),
            number(row.server_cpu / row.spoken_s, 4),
            number(row.recogniser_cpu / row.spoken_s, 4),
            number(row.server_cpu / row.recogniser_cpu),
            number(row.model_cpu / row.spoken_s, 4),
            number(row.server_cpu / row.model_cpu),
            number(row.interims / row.sent_s),
            number(row.bare_interims / row.sent_s),
            number(row.others, 1),
            number(row.bare_others, 1),
        ]
        for row in rows
    ]
    return Table("CPU seconds for each second of speech", heads, cells)


def _parts(rows: list[Row]) -> Table:
    """Return where the CPU time of the server goes."""
    heads = ["ms of CPU for each second of speech; speakers:", *(str(row.speakers) for row in rows)]
    measured = [
        *([part, *(number(1000 * row.parts[part] / row.spoken_s, 1) for row in rows)] for part in PARTS),
        ["all of the server", *(number(1000 * row.server_cpu / row.spoken_s, 1) for row in rows)],
        ["(a) model alone", *(number(1000 * row.model_cpu / row.spoken_s, 1) for row in rows)],
    ]
    return Table("Where the CPU time of the server goes", heads, measured)


def _delay(rows: list[Row]) -> Table:
    heads = [
        "speakers",
        "turns",
        "missed",
        "server p50",
        "p95",
        "(b) p50",
        "(b) p95",
        "(b) missed",
        "cores used",
        "resident",
        "generator late p99",
    ]
    cells = [
        [
            str(row.speakers),
            str(row.delays.turns),
            str(len(row.delays.missed)),
            number(row.delays.at(50), 2, " s"),
            number(row.delays.at(95), 2, " s"),
            number(row.bare_delays.at(50), 2, " s"),
            number(row.bare_delays.at(95), 2, " s"),
            str(len(row.bare_delays.missed)),
            number(row.server_cpu / (row.sent_s / row.speakers)),
            megabytes(row.resident),
            number(1000 * row.late_p99, 0, " ms"),
        ]
        for row in rows
    ]
    return Table("From the end of a turn to its final text", heads, cells)


def _ratios(rows: list[Row]) -> list[float]:
    return [row.server_cpu / row.recogniser_cpu for row in rows if row.recogniser_cpu]


def _passed(rows: list[Row]) -> str:
    """Return a sentence on the number of speakers at which final results take too long."""
    at = crossing([(row.speakers, row.delays.at(95) or 0.0) for row in rows], LIMIT_S)
    return f"about {at:.0f} speakers" if at else f"more than {rows[-1].speakers} speakers (not reached)"


def _in_time(rows: list[Row]) -> tuple[float, float]:
    """Return how many speakers have final results in time, and how many the model alone decodes on the same cores."""
    delays = [(row.speakers, row.delays.at(95) or 99.0) for row in rows]
    served = crossing(delays, IN_TIME_S) or float(max((speakers for speakers, p95 in delays if p95 <= IN_TIME_S), default=0))
    alone = sum(row.model_cpu for row in rows) / sum(row.sent_s for row in rows)
    return served, (os.cpu_count() or 1) / alone


def _goals(rows: list[Row]) -> list[Goal]:
    """Return the lines of the summary; the CPU ratio must hold in every row."""
    ratios = _ratios(rows)
    spread = f"{min(ratios):.2f} to {max(ratios):.2f} x" if ratios else "-"
    figure = f"CPU per second of speech; speakers: {rows[0].speakers} to {rows[-1].speakers}"
    delays = [
        Goal(
            f"end of a turn to its final text, p50 / p95; speakers: {row.speakers}",
            "-",
            f"{number(row.delays.at(50))} / {number(row.delays.at(95))} s",
            f"recogniser alone {number(row.bare_delays.at(50))} / {number(row.bare_delays.at(95))} s",
        )
        for row in {row.speakers: row for row in (rows[0], rows[-1])}.values()
    ]
    served, decoded = _in_time(rows)
    beside_model = [
        Goal(
            f"CPU per second of speech; speakers: {row.speakers}",
            f"<= {GOAL_CPU[row.speakers]} x the model alone",
            number(row.server_cpu / row.model_cpu, 2, " x"),
            "1",
            row.server_cpu / row.model_cpu <= GOAL_CPU[row.speakers],
        )
        for row in rows
        if row.speakers in GOAL_CPU
    ]
    share = Goal(
        f"speakers with p95 of finals <= {IN_TIME_S} s, share of what the model alone decodes",
        f">= {GOAL_SHARE}",
        f"{served / decoded:.2f} ({served:.0f} of {decoded:.0f})",
        "1",
        served / decoded >= GOAL_SHARE,
    )
    return [
        *beside_model,
        share,
        Goal(figure, f"<= {GOAL_RATIO} x the recogniser alone", spread, "1", bool(ratios) and max(ratios) <= GOAL_RATIO),
        *delays,
        Goal(f"speakers in one process at which that p95 passes {LIMIT_S:g} s", "-", _passed(rows)),
    ]


def _verdicts(rows: list[Row]) -> list[str]:
    ratios, (served, decoded) = _ratios(rows), _in_time(rows)
    verdicts = [
        f"Server / (b): {min(ratios):.2f} to {max(ratios):.2f}; the goal is at most {GOAL_RATIO}.",
        f"The 95th percentile passes {LIMIT_S:g} s at {_passed(rows)}.",
        f"It is at most {IN_TIME_S} s with {served:.0f} speakers; the model alone decodes {decoded:.0f}. "
        f"The share is {served / decoded:.2f}; the goal is at least {GOAL_SHARE}.",
    ]
    late = [str(row.speakers) for row in rows if row.late_p99 > _HONEST_S]
    if late:
        verdicts.append(f"The generator itself was late with {', '.join(late)} speakers: those rows also measure the generator.")
    wrong = [error for row in rows for error in row.errors]
    return [*verdicts, f"Errors: {'; '.join(wrong[:3])}"] if wrong else verdicts
