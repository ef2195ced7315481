"""What each optimisation saves: the same streams on a server with it and on one without it, in turn.

An optimisation stays in the code only if it saves 5 % or more here (`tests/bench/site/without.py` has the code without it).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.report import Goal, Result, Table, number
from tests.bench.rounds import Measured, Say, complaints, in_turn, method
from tests.bench.scale import Sizes
from tests.bench.targets import Target

LEAST_RATIO = 1.05
"""CPU without an optimisation, with it = 1, from which on it stays."""
LEAST_DELAY_MS = 100.0
"""Delay of the echo after a stall that `loop_lag` has to prevent."""
STALL_S = 1.5
"""Seconds for which the server's process is stopped: more than the pause that counts as a stall of the network."""
CALL_EVERY_S = 0.125
"""Seconds between two calls over WebRTC, or two conversations: fixed, so that a server that answers faster does not answer more."""
ALL = "with all"


@dataclass(frozen=True, slots=True)
class Optimisation:
    """One optimisation by its name in `without.py`, and what it is measured with."""

    name: str
    stream: str
    clients: str
    question: dict[str, Any]
    module: str = "socket_clients"
    """The module of `tests.bench.clients` that answers the question."""


def _optimisations(sizes: Sizes) -> list[Optimisation]:
    idle = {"mode": "speak", "every_s": 0.02, "silent": True, "sockets": max(sizes.idle_sessions), "seconds": sizes.idle_s}
    echo = {"mode": "speak", "every_s": 0.02, "silent": False, "sockets": sizes.sockets}
    starts = {"mode": "start_often", "every_s": CALL_EVERY_S}
    calls = {"mode": "call_often", "every_s": CALL_EVERY_S}
    return [
        Optimisation("silence_buffer", "bench-pause", "idle `ReplyOnPause` sessions of muted clients", idle),
        Optimisation("read_batching", "bench-pause", "idle `ReplyOnPause` sessions of muted clients", idle),
        Optimisation("wait_for_item", "bench-echo", "echoes over WebSockets", echo),
        Optimisation("text_frames", "bench-echo", "echoes over WebSockets", echo),
        Optimisation("loop_lag", "bench-echo", f"an echo whose server stops for {STALL_S:g} s", {**echo, "sockets": 1, "stall_s": STALL_S}),
        Optimisation("signalling", "bench-wide", "calls over WebRTC with an input; p95: the answer", calls, "connecting_clients"),
        Optimisation("compiled_query", "bench-echo", "starts and stops of conversations; p95: both", starts, "connecting_clients"),
    ]


NAMES = [one.name for one in _optimisations(Sizes())]


def measure(targets: Sequence[Target], sizes: Sizes, say: Say) -> Result:
    """Measure each optimisation on the server with all of them and on the one without it; targets are named by `NAMES` and `ALL`."""
    found: dict[str, list[Measured]] = {}
    for one in _optimisations(sizes):
        say(one.name)
        both = [target for target in targets if target.name in (ALL, one.name)]
        found[one.name] = in_turn(both, one.module, one.stream, one.question, sizes)
    goals = [_goal(one, found[one.name]) for one in _optimisations(sizes)]
    heads = ["optimisation", "measured with", "cores with", "cores without", "ratio", "p95 with", "p95 without"]
    table = Table("Servers with and without one optimisation", heads, [_row(one, found[one.name]) for one in _optimisations(sizes)])
    verdicts = [method(sizes), *(text for both in found.values() for text in complaints(both))]
    data = {name: [asdict(one) for one in both] for name, both in found.items()}
    return Result("optimisations", "What each optimisation saves", [table], verdicts, data, goals)


def cost_ratio(found: Sequence[Measured]) -> float | None:
    """Return the CPU without the optimisation, with it = 1."""
    with_it, without = found[0]["cores"], found[1]["cores"]
    return without / with_it if with_it and without is not None else None


def _row(one: Optimisation, found: Sequence[Measured]) -> list[str]:
    with_it, without = found
    cores = [number(with_it["cores"], 3), number(without["cores"], 3), number(cost_ratio(found))]
    return [f"`{one.name}`", one.clients, *cores, number(with_it.ms("p95"), 1, " ms"), number(without.ms("p95"), 1, " ms")]


def _goal(one: Optimisation, found: Sequence[Measured]) -> Goal:
    figure = f"saved by `{one.name}`, {one.clients}"
    if one.name == "loop_lag":
        with_it, without = found[0].ms("p50"), found[1].ms("p50")
        saved = None if with_it is None or without is None else without - with_it
        reached = None if saved is None else saved >= LEAST_DELAY_MS
        return Goal(f"{figure}: delay", f">= {LEAST_DELAY_MS:g} ms", number(saved, 0, " ms"), "-", reached)
    ratio = cost_ratio(found)
    return Goal(
        f"{figure}: CPU", f">= {LEAST_RATIO:g} x", number(ratio, 2, " x"), "with it 1", None if ratio is None else ratio >= LEAST_RATIO
    )
