"""Repeats a measurement on several servers in turn, so that a ratio compares figures measured close together."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench.child_processes import ask_child
from tests.bench.resource_usage import Others
from tests.bench.scale import Sizes
from tests.bench.targets import BARE, DAPHNE, FASTRTC, UVICORN, Target

BASES = (FASTRTC, BARE)
"""Baselines: the first of these that was measured is used."""
_CONNECTING_S = 240.0
"""Additional timeout for clients that wait for a busy server as long as their own limits allow."""

Say = Callable[[str], None]


@dataclass
class Measured:
    """Results of one server over all rounds: medians of the generator's figures; distinct `errors`."""

    name: str
    figures: dict[str, float | None] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def __getitem__(self, figure: str) -> float | None:
        return self.figures.get(figure)

    def ms(self, figure: str) -> float | None:
        """Return a figure of seconds in milliseconds."""
        value = self.figures.get(figure)
        return None if value is None else 1000 * value


def in_turn(
    targets: Sequence[Target], clients: str, stream: str, question: dict[str, Any], sizes: Sizes, rounds: int = 0
) -> list[Measured]:
    """Run clients against a stream of each server, `rounds` times; return one result per server, in order.

    Args:
        clients: the module of `tests.bench.clients` that answers the question.
    """
    asked = {"warm_s": sizes.stream_warm_s, "seconds": sizes.stream_s, "late_s": sizes.stream_late_s, **question}
    patience = _CONNECTING_S + asked["warm_s"] + asked["seconds"] + asked["late_s"]
    answers: dict[str, list[dict[str, Any]]] = {target.name: [] for target in targets}
    for _ in range(rounds or sizes.rounds):
        for target in targets:
            others = Others(target.pid)
            answer = ask_child(f"clients.{clients}", {**target.access(stream), **asked}, timeout_s=patience)
            answers[target.name].append({**answer, "others": others.cores()})
    _compare(answers)
    return [_median(name, found) for name, found in answers.items()]


def _compare(answers: dict[str, list[dict[str, Any]]]) -> None:
    """Add to each answer the ratio of its CPU to that of the baseline in the same round."""
    against = next((answers[name] for name in BASES if name in answers), None)
    for found in answers.values():
        for round_, answer in enumerate(found):
            cores = against[round_]["cores"] if against else 0.0
            answer["cpu_ratio"] = answer["cores"] / cores if cores else None


def find(measured: Sequence[Measured], *names: str) -> Measured | None:
    """Return the first of these servers that was measured."""
    return next((one for name in names for one in measured if one.name == name), None)


def base(measured: Sequence[Measured]) -> Measured | None:
    """Return the baseline."""
    return find(measured, *BASES)


def ours(measured: Sequence[Measured]) -> Measured | None:
    """Return the Parley server that is judged: uvicorn, which docs/operate/deploy.md recommends, where it was measured."""
    return find(measured, UVICORN, DAPHNE)


def method(sizes: Sizes) -> str:
    """Return a sentence on rounds and durations, and on what CPU means."""
    rounds = f"Medians of {sizes.rounds} rounds in which the servers were visited in turn" if sizes.rounds > 1 else "One round"
    return (
        f"{rounds}, each with {sizes.stream_s:g} s that count after {sizes.stream_warm_s:g} s of the same to warm up. "
        "CPU is user and system time of the server's process tree, from /proc."
    )


def complaints(measured: Sequence[Measured]) -> list[str]:
    """Return a sentence for each server whose clients had errors."""
    return [f"Clients of {one.name} met: {'; '.join(one.errors)}." for one in measured if one.errors]


def _median(name: str, answers: Sequence[dict[str, Any]]) -> Measured:
    figures: dict[str, float | None] = {}
    for figure in answers[0]:
        if figure != "errors":
            values = [answer[figure] for answer in answers if answer[figure] is not None]
            figures[figure] = statistics.median(values) if values else None
    return Measured(name, figures, sorted({error for answer in answers for error in answer["errors"]}))
