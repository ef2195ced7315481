"""Streams over WebSockets and server-sent events: delay and cost of an echo, idle sessions, blocking handlers, subscribers."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tests.bench.report import Goal, Result, Table, number
from tests.bench.rounds import Measured, Say, base, complaints, find, in_turn, method, ours
from tests.bench.scale import Sizes
from tests.bench.targets import DAPHNE, FASTRTC, UVICORN, Target

CLIENTS = "socket_clients"
FRAME_S = 0.02
BLOCKING_EVERY_S = 0.1
GOAL_ECHO_MS, GOAL_DRIFT_MS, GOAL_CPU, GOAL_IDLE, GOAL_SSE_MS = 3.0, 0.5, 0.7, 0.01, 5.0


def measure(targets: Sequence[Target], sizes: Sizes, say: Say) -> Result:
    """Run the same measurements on every server in turn."""
    say(f"echo over {sizes.sockets} sockets")
    echo = _speak(targets, sizes, "bench-echo", sockets=sizes.sockets)
    idle = {}
    for sessions in sizes.idle_sessions:
        say(f"idle sessions: {sessions}")
        idle[sessions] = _speak(_able(targets), sizes, "bench-pause", sockets=sessions, silent=True, seconds=sizes.idle_s, rounds=1)
    say(f"{sizes.subscribers} subscribers")
    events = in_turn(targets, CLIENTS, "bench-ticker", {"mode": "subscribe", "subscribers": sizes.subscribers}, sizes, rounds=1)
    say(f"{sizes.blocking} handlers that block")  # last, because it blocks all threads of the server
    blocking = _speak(_able(targets), sizes, "bench-blocking", sockets=sizes.blocking, every_s=BLOCKING_EVERY_S, rounds=1)
    everything = {"echo": echo, "subscribers": events, "blocking": blocking, **{f"idle {n}": found for n, found in idle.items()}}
    return Result(
        "streams",
        "Streams over sockets and server-sent events",
        [_echoes(echo, sizes), _idle(idle), _blocking(blocking, sizes), _events(events, sizes)],
        [
            f"{method(sizes)} All but the echo: one round, of {sizes.idle_s:g} s for the idle sessions.",
            *(text for found in everything.values() for text in complaints(found)),
        ],
        {name: [asdict(one) for one in found] for name, found in everything.items()},
        [*_echo_goals(echo, sizes), *_idle_goals(idle), *_other_goals(blocking, events, sizes)],
    )


def _speak(targets: Sequence[Target], sizes: Sizes, stream: str, *, rounds: int = 0, **more: Any) -> list[Measured]:
    question = {"mode": "speak", "every_s": FRAME_S, "silent": False, **more}
    return in_turn(targets, CLIENTS, stream, question, sizes, rounds)


def _able(targets: Sequence[Target]) -> list[Target]:
    """Return the servers that have handlers."""
    return [target for target in targets if target.name in (UVICORN, DAPHNE, FASTRTC)]


def _echoes(found: Sequence[Measured], sizes: Sizes) -> Table:
    other = base(found)
    heads = [
        "server",
        "p50",
        "p95",
        "p99",
        "drift per s",
        "lost",
        "CPU per stream and s",
        f"CPU, {other.name} = 1" if other else "CPU ratio",
    ]
    rows = [
        [
            one.name,
            *(number(one.ms(figure), 2, " ms") for figure in ("p50", "p95", "p99")),
            number(one.ms("drift"), 2, " ms"),
            _percent(one["lost"]),
            number(_each(one, sizes.sockets), 2, " ms"),
            number(one["cpu_ratio"]),
            number(one.ms("late_p99"), 1, " ms"),
            number(one["others"], 1),
        ]
        for one in found
    ]
    caption = f"An echo over {sizes.sockets} WebSockets, 50 mu-law frames of 20 ms a second in each direction"
    return Table(caption, [*heads, "generator late p99", "cores used by others"], rows)


def _idle(idle: dict[int, list[Measured]]) -> Table:
    rows = [
        [one.name, str(sessions), number(one["cores"], 3), number(_share(one, sessions), 4), number(one["others"], 1)]
        for sessions, found in idle.items()
        for one in found
    ]
    heads = ["server", "sessions", "cores", "cores for each", "cores used by others"]
    return Table("`ReplyOnPause` whose client sends silence", heads, rows)


def _blocking(found: Sequence[Measured], sizes: Sizes) -> Table:
    rows = [
        [one.name, f"{one['served'] or 0:.0f} of {sizes.blocking}", _percent(one["lost"]), number(one.ms("p50"), 1, " ms")] for one in found
    ]
    caption = f"{sizes.blocking} sessions whose `emit` blocks a thread, ten frames a second each"
    return Table(caption, ["server", "sessions that got sound back", "frames lost", "p50"], rows)


def _events(found: Sequence[Measured], sizes: Sizes) -> Table:
    rows = [[one.name, number(one["copies"], 1), *(number(one.ms(figure), 2, " ms") for figure in ("p50", "p95"))] for one in found]
    caption = f"Server-sent events: ten outputs a second, {sizes.subscribers} subscribers"
    return Table(caption, ["server", "copies of each output", "p50", "p95"], rows)


def _echo_goals(found: Sequence[Measured], sizes: Sizes) -> list[Goal]:
    parley, fastrtc, other = ours(found), find(found, FASTRTC), base(found)
    if parley is None or parley["p50"] is None:
        return [Goal(f"WebSocket echo, p50 at {sizes.sockets} sockets", f"< {GOAL_ECHO_MS:g} ms", "nothing came back", "-", False)]
    p50, drift, share = 1000 * parley["p50"], parley.ms("drift"), parley["cpu_ratio"]
    judged = share <= GOAL_CPU if share is not None and fastrtc else None
    cost = f"{number(share)} x {other.name if other else ''}"
    return [
        Goal(
            f"WebSocket echo, p50 at {sizes.sockets} sockets",
            f"< {GOAL_ECHO_MS:g} ms",
            number(p50, 2, " ms"),
            _theirs(other, "p50"),
            p50 < GOAL_ECHO_MS,
        ),
        Goal(
            "its drift for each second",
            f"0, within {GOAL_DRIFT_MS:g} ms",
            number(drift, 2, " ms"),
            _theirs(other, "drift"),
            drift is not None and abs(drift) < GOAL_DRIFT_MS,
        ),
        Goal(f"CPU per WebSocket stream at {sizes.sockets} (uvicorn)", f"<= {GOAL_CPU:g} x FastRTC", cost, "1", judged),
    ]


def _idle_goals(idle: dict[int, list[Measured]]) -> list[Goal]:
    goals = []
    for sessions, found in idle.items():
        parley, other = ours(found), find(found, FASTRTC)
        if sessions and parley is not None:
            share = _share(parley, sessions)
            figure = f"idle `ReplyOnPause` session, {sessions} at once"
            theirs = f"{other.name} {number(_share(other, sessions), 3)} core" if other else "-"
            goals.append(Goal(figure, f"< {GOAL_IDLE:g} core", number(share, 4, " core"), theirs, share is not None and share < GOAL_IDLE))
    return goals


def _other_goals(blocking: Sequence[Measured], events: Sequence[Measured], sizes: Sizes) -> list[Goal]:
    goals = []
    parley, theirs = ours(blocking), find(blocking, FASTRTC)
    if parley is not None:
        served = parley["served"] or 0
        beside = f"{theirs.name} {theirs['served'] or 0:.0f}" if theirs else "-"
        goals.append(Goal("blocking handlers at once", f"{sizes.blocking} all served", f"{served:.0f}", beside, served == sizes.blocking))
    parley, other = ours(events), base(events)
    if parley is not None:
        copies, p95 = parley["copies"] or 0, parley.ms("p95")
        measured = f"{number(copies, 1)} copies, p95 {number(p95, 2, ' ms')}"
        beside = f"{other.name} {number(other['copies'], 1)} copies, p95 {number(other.ms('p95'), 2, ' ms')}" if other else "-"
        goal = f"{sizes.subscribers} copies, p95 < {GOAL_SSE_MS:g} ms"
        goals.append(
            Goal(f"SSE, {sizes.subscribers} subscribers", goal, measured, beside, copies == sizes.subscribers and (p95 or 99) < GOAL_SSE_MS)
        )
    return goals


def _theirs(other: Measured | None, figure: str) -> str:
    return f"{other.name} {number(other.ms(figure), 2, ' ms')}" if other else "-"


def _each(one: Measured, streams: int) -> float | None:
    """Return the milliseconds of CPU per stream and second."""
    cores = one["cores"]
    return None if cores is None else 1000 * cores / streams


def _share(one: Measured, sessions: int) -> float | None:
    cores = one["cores"]
    return None if cores is None or not sessions else cores / sessions


def _percent(share: float | None) -> str:
    return number(None if share is None else 100 * share, 1, " %")
