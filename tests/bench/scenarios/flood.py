"""A client that sends far faster than real time: the server's memory, and the effect on another speaker."""

from collections.abc import Callable

from tests.bench import speech
from tests.bench.child_processes import Server, ask_child
from tests.bench.report import Result, Table, megabytes, number
from tests.bench.resource_usage import Peak
from tests.bench.scale import Sizes
from tests.bench.scoring import all_delays


def measure(server: Server, sizes: Sizes, say: Callable[[str], None]) -> Result:
    """Flood a server with little and with much audio: memory is bounded if much audio makes it grow no more."""
    rows, data = [], []
    for flood_s in sizes.flood_s:
        say(f"{flood_s:g} s of sound at {sizes.flood_speed:g} times real time")
        row, found = _one(server, sizes, flood_s)
        rows.append(row)
        data.append(found)
    heads = ["sound sent", "at", "heard at", "turns heard", "resident before", "peak", "growth", "other speaker p95", "missed"]
    table = Table(f"One client sends {sizes.flood_speed:g} times faster than real time; another one speaks", heads, rows)
    return Result("flood", "A client that sends too fast", [table], (), {"floods": data})


def _one(server: Server, sizes: Sizes, flood_s: float) -> tuple[list[str], dict[str, float | None]]:
    recording = speech.conversation()
    question = {"mode": "flood", **server.access, "flood_s": flood_s, "seconds": sizes.seconds}
    with Peak(server.pid) as peak:
        answer = ask_child("generator", {**question, "speed": sizes.speed, "flood_speed": sizes.flood_speed}, timeout_s=600)
    other = all_delays([speech.talk(recording, 7, sizes.seconds).whole], answer["speakers"], sizes.speed)
    sent = speech.talk(recording, 0, flood_s).whole
    heard = len(sent) - _missing([turn.text for turn in sent], answer["flood"]["finals"])
    row = [
        f"{flood_s:g} s",
        f"{sizes.flood_speed:g} x",
        f"{flood_s / answer['wall_s']:.0f} x",
        f"{heard} of {len(sent)}",
        megabytes(peak.before),
        megabytes(peak.most),
        megabytes(peak.most - peak.before),
        number(other.at(95), 2, " s"),
        str(len(other.missed)),
    ]
    return row, {"flood_s": flood_s, "growth": float(peak.most - peak.before), "other_p95": other.at(95)}


def _missing(said: list[str], finals: list[tuple[float, str]]) -> int:
    """Return how many of these turns are in no final result; during a flood only their order is compared, not their times."""
    everywhere = [speech.Turn(0.0, 0.0, text) for text in said]
    return len(all_delays([everywhere], [{"finals": [(0.0, text) for _, text in finals]}]).missed)
