"""Word error rate through the server in real time, against the bare recogniser on the same recordings."""

from collections.abc import Callable
from functools import reduce
from operator import add

from tests.bench import speech
from tests.bench.child_processes import Server, ask_child
from tests.bench.report import Goal, Result, Table, number
from tests.bench.scale import Sizes
from tests.bench.word_errors import Errors, errors

GOAL_POINTS = 1.0
_WAYS = ("server", "recogniser", "model")


def measure(server: Server, sizes: Sizes, say: Callable[[str], None]) -> Result:
    """Send every recording to a server, and decode it with the bare recogniser."""
    wanted = [r for r in speech.recordings() if not sizes.read_names or r.name in sizes.read_names]
    question = {"names": [r.name for r in wanted], "most_s": sizes.read_s, "threads": sizes.threads}
    say(f"reading {len(wanted)} recordings aloud")
    asked = {"mode": "read_aloud", **server.access, **question, "speed": sizes.speed}
    speakers = ask_child("generator", asked, timeout_s=400)["speakers"]
    heard = {"server": [" ".join(text for _, text in one["finals"]) for one in speakers]}
    heard |= ask_child("bare_recogniser", {"mode": "texts", **question}, timeout_s=400)
    references = [_reference(recording, sizes.read_s) for recording in wanted]
    found = {way: [errors(*pair) for pair in zip(references, heard[way], strict=True)] for way in _WAYS}
    total = {way: reduce(add, found[way], Errors(0, 0)) for way in _WAYS}
    rows = [[recording.name, *_cells({way: found[way][i] for way in _WAYS})] for i, recording in enumerate(wanted)]
    rows.append(["all", *_cells(total)])
    heads = ["recording", "words", "server", "(b) recogniser alone", "(a) model alone"]
    worse = total["server"].rate - min(total["recogniser"].rate, total["model"].rate)
    data = {"heard": heard, "rates": {way: total[way].rate for way in _WAYS}}
    verdict = f"The server is {worse:+.2f} points against the better of the two; the goal is at most {GOAL_POINTS:g} worse."
    goal = Goal(
        "word error rate through the server",
        f"<= {GOAL_POINTS:g} point worse than the recogniser alone",
        number(total["server"].rate, 1, " %"),
        f"recogniser alone {number(total['recogniser'].rate, 1, ' %')}, model alone {number(total['model'].rate, 1, ' %')}",
        worse <= GOAL_POINTS,
    )
    return Result("accuracy", "Word error rate", [Table("Word error rate in percent (wrong words)", heads, rows)], [verdict], data, [goal])


def _cells(found: dict[str, Errors]) -> list[str]:
    return [str(found["server"].words), *(f"{number(found[way].rate, 1)} ({found[way].wrong})" for way in _WAYS)]


def _reference(recording: speech.Recording, most_s: float | None) -> str:
    """Return the transcript of the part that is sent."""
    if most_s is None or not recording.turns:
        return recording.text
    return " ".join(turn.text for turn in recording.turns if turn.end <= most_s)
