"""Streams over WebRTC: time from the offer to the answer and to the first audio, delay and cost of an echo."""

from collections.abc import Sequence
from dataclasses import asdict

from tests.bench.report import Goal, Result, Table, number
from tests.bench.rounds import Measured, Say, base, complaints, find, in_turn, method, ours
from tests.bench.scale import Sizes
from tests.bench.targets import FASTRTC, Target

_MEANT = """Peers call one after the other; before them one more calls and hangs up, and its answer is the column of first answers. First
sound counts from the offer to the first frame out of the client's decoder; the echo from the frame that goes into the client's encoder to
the one that comes out of its decoder, its own jitter buffer included."""
GOAL_ANSWER, GOAL_FIRST, GOAL_ECHO, GOAL_CPU = 0.15, 0.35, 0.4, 0.8
"""Ratios to FastRTC."""


def measure(targets: Sequence[Target], sizes: Sizes, say: Say) -> Result:
    """Run peers against every server in turn; they measure the echo of their own beeps."""
    found = {}
    for peers in sizes.peers:
        say(f"peers: {peers}")
        found[peers] = in_turn(targets, "peer_clients", "bench-wide", {"mode": "call", "peers": peers}, sizes)
    return Result(
        "webrtc",
        "Streams over WebRTC",
        [_table(found)],
        [f"{method(sizes)} {_MEANT}", *(text for each in found.values() for text in complaints(each))],
        {str(peers): [asdict(one) for one in each] for peers, each in found.items()},
        _goals(found[max(found)], max(found)),
    )


def _table(found: dict[int, list[Measured]]) -> Table:
    rows = []
    for peers, each in found.items():
        rows += [
            [
                str(peers),
                one.name,
                *(number(one.ms(figure), 0, " ms") for figure in ("first_answer", "answer", "first_sound", "p50", "p95")),
                number(None if one["lost"] is None else 100 * one["lost"], 1, " %"),
                number(one["frames_per_s"], 1),
                number(None if one["cores"] is None else 1000 * one["cores"] / peers, 1, " ms"),
                number(one["cpu_ratio"]),
                number(one["others"], 1),
            ]
            for one in each
        ]
    names = {other.name for each in found.values() if (other := base(each))}
    heads = ["peers", "server", "first answer", "answer p50", "first sound p50", "echo p50", "p95", "beeps lost", "frames per s, least"]
    return Table(
        "aiortc clients, Opus, an echo at 24 kHz on the server (bare: at 48 kHz)",
        [*heads, "CPU per stream and s", f"CPU, {' '.join(sorted(names))} = 1", "cores used by others"],
        rows,
    )


def _goals(found: Sequence[Measured], peers: int) -> list[Goal]:
    parley, other = ours(found), base(found)
    if parley is None:
        return []
    share = parley["cpu_ratio"]
    judged = share <= GOAL_CPU if share is not None and find(found, FASTRTC) else None
    lines = (
        ("offer to answer", "answer", GOAL_ANSWER),
        ("first audio", "first_sound", GOAL_FIRST),
        ("WebRTC echo, p50", "p50", GOAL_ECHO),
    )
    goals = []
    for figure, key, most in lines:
        measured, theirs = parley.ms(key), other.ms(key) if other else None
        beside = f"{other.name} {number(theirs, 0, ' ms')}" if other else "-"
        ratio = measured / theirs if measured is not None and theirs else None
        reached = ratio <= most if ratio is not None and find(found, FASTRTC) else None
        text = f"{number(ratio)} x ({number(measured, 0, ' ms')})"
        goals.append(Goal(f"{figure}, {peers} peers", f"<= {most:g} x FastRTC", text, beside, reached))
    cost = f"{number(share)} x {other.name if other else ''}"
    return [*goals, Goal(f"CPU per WebRTC stream at {peers}", f"<= {GOAL_CPU:g} x FastRTC", cost, "1", judged)]
