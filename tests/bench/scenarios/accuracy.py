"""Word error rate through the server, in real time and faster, against the bare recogniser on the same recordings."""

from collections.abc import Callable
from functools import reduce
from operator import add

from tests.bench import speech
from tests.bench.child_processes import Server, ask_child
from tests.bench.report import Goal, Result, Table, number
from tests.bench.scale import Sizes
from tests.bench.word_errors import Errors, errors

GOAL_POINTS = 0.5
_SERVER, _FAST, _MODEL = "server", "fast", "model"
_WAYS = (_SERVER, _FAST, "recogniser", _MODEL)


def measure(server: Server, sizes: Sizes, say: Callable[[str], None]) -> Result:
    """Send every recording to a server, in real time and faster, and decode it with the bare recogniser."""
    wanted = [r for r in speech.recordings() if not sizes.read_names or r.name in sizes.read_names]
    question = {"names": [r.name for r in wanted], "most_s": sizes.read_s, "threads": sizes.threads}
    heard: dict[str, list[str]] = {}
    for way, speed in ((_SERVER, sizes.speed), (_FAST, sizes.fast_speed)):
        say(f"reading {len(wanted)} recordings aloud, at {speed:g} x real time")
        speakers = ask_child("generator", {"mode": "read_aloud", **server.access, **question, "speed": speed}, timeout_s=400)["speakers"]
        heard[way] = [" ".join(text for _, text in one["finals"]) for one in speakers]
    heard |= ask_child("bare_recogniser", {"mode": "texts", **question}, timeout_s=400)
    references = [_reference(recording, sizes.read_s) for recording in wanted]
    found = {way: [errors(*pair) for pair in zip(references, heard[way], strict=True)] for way in _WAYS}
    total = {way: reduce(add, found[way], Errors(0, 0)) for way in _WAYS}
    empty = {way: sum(not text for text in heard[way]) for way in _WAYS}
    rows = [[recording.name, *_cells({way: found[way][i] for way in _WAYS})] for i, recording in enumerate(wanted)]
    rows.append(["all", *_cells(total)])
    rows.append(["recordings without a result", "-", *(str(empty[way]) for way in _WAYS)])
    heads = ["recording", "words", "server", f"server at {sizes.fast_speed:g} x", "(b) recogniser alone", "(a) model alone"]
    data = {"heard": heard, "rates": {way: total[way].rate for way in _WAYS}, "empty": empty}
    goals = _goals(total, empty, sizes)
    tables = [Table("Word error rate in percent (wrong words)", heads, rows)]
    return Result("accuracy", "Word error rate", tables, [_verdict(total, sizes)], data, goals)


def _verdict(total: dict[str, Errors], sizes: Sizes) -> str:
    by = {way: f"{total[way].rate - total[_MODEL].rate:+.2f}" for way in (_SERVER, _FAST)}
    return (
        f"The server is {by[_SERVER]} points against the model alone in real time, and {by[_FAST]} at {sizes.fast_speed:g} x real time;"
        f" the goal is at most {GOAL_POINTS:g} worse."
    )


def _goals(total: dict[str, Errors], empty: dict[str, int], sizes: Sizes) -> list[Goal]:
    beside = f"model alone {number(total[_MODEL].rate, 1, ' %')}"
    return [
        *(
            Goal(
                f"word error rate through the server, {speed:g} x real time",
                f"<= {GOAL_POINTS:g} points worse than the model alone",
                number(total[way].rate, 1, " %"),
                beside,
                total[way].rate - total[_MODEL].rate <= GOAL_POINTS,
            )
            for way, speed in ((_SERVER, sizes.speed), (_FAST, sizes.fast_speed))
        ),
        Goal("recordings without a result", "0", str(empty[_SERVER] + empty[_FAST]), str(empty[_MODEL]), not empty[_SERVER] + empty[_FAST]),
    ]


def _cells(found: dict[str, Errors]) -> list[str]:
    return [str(found["server"].words), *(f"{number(found[way].rate, 1)} ({found[way].wrong})" for way in _WAYS)]


def _reference(recording: speech.Recording, most_s: float | None) -> str:
    """Return the transcript of the part that is sent."""
    if most_s is None or not recording.turns:
        return recording.text
    return " ".join(turn.text for turn in recording.turns if turn.end <= most_s)
