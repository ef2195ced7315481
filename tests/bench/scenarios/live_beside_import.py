"""Live speech beside an import: the delay from the end of a turn to its final result without a worker's import and with one, in turn."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.bench import speech
from tests.bench.child_processes import BenchError, Server, ask_child
from tests.bench.report import Goal, Table, number
from tests.bench.scale import Sizes
from tests.bench.scoring import Delays, all_delays

MOST_RATIO = 1.3
"""The 95th percentile beside an import, without one = 1."""
ROUNDS = 2

Import = Callable[[], object]
"""Imports a recording, and returns when that is done."""


class Compared:
    """The delays of the same speakers without and with an import, and the number of imports that ended meanwhile."""

    def __init__(self, speakers: int) -> None:
        self.speakers = speakers
        self.alone, self.beside = Delays(), Delays()
        self.imports = 0

    @property
    def ratio(self) -> float:
        """Return the 95th percentile beside an import, without one = 1. Raises BenchError if no turn had a result."""
        alone, beside = self.alone.at(95), self.beside.at(95)
        if not alone or beside is None:
            raise BenchError("live speech beside an import had no final results")
        return beside / alone

    def table(self) -> Table:
        """Return both as a table."""
        heads = ["", "turns", "missed", "p50", "p95"]
        rows = [
            [name, str(found.turns), str(len(found.missed)), number(found.at(50), 2, " s"), number(found.at(95), 2, " s")]
            for name, found in (("without an import", self.alone), ("beside an import", self.beside))
        ]
        return Table(f"From the end of a turn to its final text; speakers: {self.speakers}; worker at its usual priority", heads, rows)

    def goal(self) -> Goal:
        """Return the line of the summary."""
        found = f"{number(self.ratio)} x ({number(self.beside.at(95))} s)"
        reached = self.ratio <= MOST_RATIO and not self.beside.missed
        return Goal(
            "p95 of live final results beside an import", f"<= {MOST_RATIO:g} x", found, f"without {number(self.alone.at(95))} s", reached
        )


def compare(server: Server, sizes: Sizes, say: Callable[[str], None], run_import: Import) -> Compared:
    """Measure without and with imports that follow each other. A worker must run, and have loaded its model."""
    found = Compared(sizes.import_speakers)
    for number_of_round in range(ROUNDS):
        say(f"live speech without and with an import, round {number_of_round + 1}")
        found.alone += _speak(server, sizes)
        with _importing(run_import) as ended:
            found.beside += _speak(server, sizes)
        found.imports += len(ended)
    return found


def _speak(server: Server, sizes: Sizes) -> Delays:
    """Return the delays of speakers in real time."""
    talks = speech.talks(speech.conversation(), sizes.import_speakers, sizes.seconds)
    question = {"mode": "speak", **server.access, "speakers": sizes.import_speakers, "seconds": sizes.seconds, "speed": sizes.speed}
    answer = ask_child("generator", question, timeout_s=sizes.seconds + 300)
    return all_delays([talk.whole for talk in talks], answer["speakers"], sizes.speed)


@contextmanager
def _importing(run_import: Import) -> Iterator[list[None]]:
    """Import again and again during a block, and wait for the last one; yields a list with an item for each that has ended."""
    ended: list[None] = []
    failed: list[Exception] = []
    stopped = threading.Event()

    def work() -> None:
        try:
            while not stopped.is_set():
                run_import()
                ended.append(None)
        except (BenchError, OSError) as error:
            failed.append(error)

    thread = threading.Thread(target=work, name="imports beside live speech")
    thread.start()
    try:
        yield ended
    finally:
        stopped.set()
        thread.join()
    if failed:
        raise BenchError(f"an import beside live speech failed: {failed[0]}")
