"""Words as they are spoken: the delay from the end of each word to its display, and the words that are rewritten.

The speech is Anna's voice of the demo's recording, whose synthesiser reported the times of her words (streaming/demo/words.json).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from tests.bench import speech
from tests.bench.child_processes import Server, ask_child
from tests.bench.report import Goal, Result, Table, number
from tests.bench.resource_usage import Others
from tests.bench.scale import Sizes
from tests.bench.scoring import percentile
from tests.bench.word_display import Display, Update, display

GOAL_P50_S, GOAL_P90_S = 0.5, 0.9
GOAL_FIRST_S = 0.5
GOAL_REWRITTEN = 10.0


@dataclass
class InterimsRow:
    """Figures for one number of speakers."""

    speakers: int
    display: Display
    cpu_s: float
    spoken_s: float
    others: float


def measure(server: Server, sizes: Sizes, say: Callable[[str], None]) -> Result:
    """Let Anna speak once, and several times at once."""
    if sizes.warm_s:
        _row(server, 1, sizes, sizes.warm_s)
    rows = []
    for speakers in sizes.interim_speakers:
        say(f"speakers: {speakers}")
        rows.append(_row(server, speakers, sizes, sizes.interim_s))
    data = {"rows": [asdict(row) for row in rows]}
    return Result("interims", "Words as they are spoken", [_table(rows)], [_verdict(rows)], data, _goals(rows))


def _row(server: Server, speakers: int, sizes: Sizes, seconds: float) -> InterimsRow:
    talks = speech.talks(speech.anna(), speakers, seconds)
    question = {"mode": "speak", **server.access, "speakers": speakers, "seconds": seconds, "speed": sizes.speed, "voice": "anna"}
    others, before = Others(server.pid), server.usage()
    answer = ask_child("generator", question, timeout_s=seconds + 300)
    cpu_s = server.usage().cpu_s - before.cpu_s
    found = Display()
    for talk, heard in zip(talks, answer["speakers"], strict=True):
        updates = [Update(at * sizes.speed, text, is_final) for at, text, is_final in heard["updates"]]
        found += display(talk.turns, talk.words, updates)
    return InterimsRow(speakers, found, cpu_s, sum(talk.spoken_s for talk in talks), others.cores())


def _table(rows: list[InterimsRow]) -> Table:
    heads = [
        "speakers",
        "words",
        "not recognised",
        "end of a word to its display p50",
        "p90",
        "max",
        "start of a turn to its first words p50",
        "p90",
        "between two updates p50",
        "p90",
        "displayed words rewritten",
        "server CPU per second of speech",
        "cores used by others",
    ]
    return Table("One voice, sent by each speaker", heads, [_cells(row) for row in rows])


def _cells(row: InterimsRow) -> list[str]:
    found = row.display
    return [
        str(row.speakers),
        str(len(found.delays) + found.missed),
        str(found.missed),
        *(number(percentile(found.delays, percent), 2, " s") for percent in (50, 90, 100)),
        *(number(percentile(values, percent), 2, " s") for values in (found.first, found.intervals) for percent in (50, 90)),
        number(found.rewritten_percent, 1, " %"),
        number(row.cpu_s / max(0.1, row.spoken_s), 4),
        number(row.others, 1),
    ]


def _verdict(rows: list[InterimsRow]) -> str:
    worst = max(rows, key=lambda row: percentile(row.display.delays, 50) or 0)
    p50, p90 = (percentile(worst.display.delays, percent) for percent in (50, 90))
    return f"The latest words: p50 {number(p50)} s, p90 {number(p90)} s; the goal is at most {GOAL_P50_S:g} and {GOAL_P90_S:g} s."


def _goals(rows: list[InterimsRow]) -> list[Goal]:
    goals = []
    for row in rows:
        found = row.display
        p50, p90 = (percentile(found.delays, percent) for percent in (50, 90))
        reached = p50 is not None and p90 is not None and p50 <= GOAL_P50_S and p90 <= GOAL_P90_S
        figure = f"end of a word to its display, p50 / p90; speakers: {row.speakers}"
        goals.append(Goal(figure, f"<= {GOAL_P50_S:g} / {GOAL_P90_S:g} s", f"{number(p50)} / {number(p90)} s", "-", reached))
    first = percentile([seconds for row in rows for seconds in row.display.first], 50)
    rewritten = max(row.display.rewritten_percent for row in rows)
    return [
        *goals,
        Goal(
            "start of a turn to its first words, p50",
            f"<= {GOAL_FIRST_S:g} s",
            number(first, 2, " s"),
            "-",
            first is not None and first <= GOAL_FIRST_S,
        ),
        Goal(
            "displayed words that are rewritten",
            f"<= {GOAL_REWRITTEN:g} %",
            number(rewritten, 1, " %"),
            "-",
            rewritten <= GOAL_REWRITTEN,
        ),
    ]
