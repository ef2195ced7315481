"""What it costs a server to tell the speakers of each audio source apart, and how soon it corrects a speaker that it knew too late.

The same live speakers with and without diarization, in turn; then the bare recogniser and the bare model on the same audio.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tests.bench import speech
from tests.bench.child_processes import Server, ask_child
from tests.bench.report import Goal, Result, Table, number
from tests.bench.scale import Sizes
from tests.bench.scoring import percentile

SPEAKERS = 8
MOST_RATIO = 2.7
"""Most CPU that diarization may add, as a multiple of that of the bare recogniser."""
MOST_CORRECTION_S = 1.0
ROUNDS = 3


@dataclass
class Costs:
    """CPU seconds over all rounds, seconds of speech, and the delays of corrections in seconds, of so many messages."""

    spoken_s: float = 0.0
    with_s: float = 0.0
    without_s: float = 0.0
    recogniser_s: float = 0.0
    model_s: float = 0.0
    messages: int = 0
    corrections: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def added_s(self) -> float:
        """What diarization adds."""
        return self.with_s - self.without_s


def measure(server: Server, sizes: Sizes, say: Callable[[str], None]) -> Result:
    """Run `ROUNDS` rounds with `SPEAKERS` speakers, fewer where the sizes have fewer."""
    speakers = min(SPEAKERS, max(sizes.speakers))
    costs = Costs()
    if sizes.warm_s:
        _speak(server, 1, replace(sizes, seconds=sizes.warm_s), several=True)
    for place in range(min(ROUNDS, sizes.rounds)):
        say(f"round {place + 1}")
        _round(server, speakers, sizes, costs, several_first=bool(place % 2))
    return Result(
        "diarization",
        "CPU of a server that tells speakers apart",
        [_table(costs, speakers)],
        _verdicts(costs),
        asdict(costs),
        _goals(costs, speakers),
    )


def _round(server: Server, speakers: int, sizes: Sizes, costs: Costs, *, several_first: bool) -> None:
    talks = speech.talks(speech.conversation(), speakers, sizes.seconds)
    costs.spoken_s += sum(talk.spoken_s for talk in talks)
    for several in (several_first, not several_first):
        before = server.usage()
        answer = _speak(server, speakers, sizes, several=several)
        used = server.usage().cpu_s - before.cpu_s
        costs.errors += [error for one in answer["speakers"] for error in one["errors"]][:5]
        if several:
            costs.with_s += used
            costs.messages += sum(len(one["finals"]) for one in answer["speakers"])
            costs.corrections += [seconds for one in answer["speakers"] for seconds in one["corrections"]]
        else:
            costs.without_s += used
    same = {"speakers": speakers, "seconds": sizes.seconds, "threads": sizes.threads, "speed": sizes.speed}
    costs.recogniser_s += ask_child("bare_recogniser", {"mode": "recogniser", **same}, timeout_s=sizes.seconds + 200)["cpu_s"]
    costs.model_s += ask_child("bare_recogniser", {"mode": "model", **same}, timeout_s=sizes.seconds * speakers + 60)["cpu_s"]


def _speak(server: Server, speakers: int, sizes: Sizes, *, several: bool) -> Any:
    question = {"mode": "speak", **server.access, "speakers": speakers, "seconds": sizes.seconds, "speed": sizes.speed, "several": several}
    return ask_child("generator", question, timeout_s=sizes.seconds + 300)


def _table(costs: Costs, speakers: int) -> Table:
    rows = [
        ("server with diarization", costs.with_s),
        ("server without", costs.without_s),
        ("the difference", costs.added_s),
        ("(b) recogniser alone", costs.recogniser_s),
        ("(a) model alone", costs.model_s),
    ]
    cells = [
        [name, number(used / costs.spoken_s, 4), number(used / costs.recogniser_s, 2), number(used / costs.model_s, 2)]
        for name, used in rows
    ]
    return Table(f"CPU seconds for each second of speech, {speakers} live speakers", ["", "CPU s per s", "/ (b)", "/ (a)"], cells)


def _verdicts(costs: Costs) -> list[str]:
    late = sum(one > MOST_CORRECTION_S for one in costs.corrections)
    said = (
        f"Of {costs.messages} messages {len(costs.corrections)} got another speaker before the next message of their source"
        f" (their voice was known too late): p50 {number(percentile(costs.corrections, 50))} s, most"
        f" {number(max(costs.corrections, default=0.0))} s after the message, {late} of them after more than {MOST_CORRECTION_S:g} s."
    )
    return [said, *([f"Errors: {'; '.join(costs.errors[:3])}"] if costs.errors else [])]


def _goals(costs: Costs, speakers: int) -> list[Goal]:
    ratio = costs.added_s / costs.model_s
    most = max(costs.corrections, default=0.0)
    return [
        Goal(
            f"CPU that diarization adds; speakers: {speakers}",
            f"<= {MOST_RATIO:g} x the model alone",
            number(ratio, 2, " x"),
            f"recogniser alone: {number(costs.added_s / costs.recogniser_s, 2, ' x')}",
            ratio <= MOST_RATIO,
        ),
        Goal(
            f"correction of a speaker after its message, most; speakers: {speakers}",
            f"<= {MOST_CORRECTION_S:g} s",
            number(most, 2, " s"),
            f"{len(costs.corrections)} of {costs.messages} messages",
            most <= MOST_CORRECTION_S,
        ),
    ]
