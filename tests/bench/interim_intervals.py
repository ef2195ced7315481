"""`python -m tests.bench.interim_intervals`: what the interval of interim results costs and how late words are displayed.

In virtual time, so that a busy machine changes only the CPU time, which is compared with the model alone on the same turns in between.
"""

import argparse
import time
from collections.abc import Sequence

import numpy as np

from streaming.speech.decoder_pool import Urgency
from streaming.speech.engines.moonshine import Moonshine, MoonshineRecogniser
from tests.bench import speech
from tests.bench.published_model import published_model
from tests.bench.report import Table, number
from tests.bench.scoring import percentile
from tests.bench.virtual_time import simulate, small_engine

INTERVALS = (320, 500, 800, 10_000)
HEADS = (
    "milliseconds between two interim results",
    "speakers",
    "end of a word to its display p50",
    "p90",
    "start of a turn to its first words p50",
    "displayed words rewritten",
    "decodes for interim results per second of speech",
    "their CPU / model alone",
    "CPU of all decodes / model alone",
)


def row(engine: MoonshineRecogniser, interim_ms: int, speakers: int, seconds: float) -> list[str]:
    """Return the cells of one interval and number of speakers."""
    talks = speech.talks(speech.anna(), speakers, seconds)
    bare = published_model()
    alone_s = _alone_s(bare, talks)
    found, pool = simulate(engine, talks, interim_ms)
    alone_s = (alone_s + _alone_s(bare, talks)) / 2
    spoken_s = sum(talk.spoken_s for talk in talks)
    return [
        str(interim_ms),
        str(speakers),
        *(number(percentile(found.delays, percent), 2, " s") for percent in (50, 90)),
        number(percentile(found.first, 50), 2, " s"),
        number(found.rewritten_percent, 1, " %"),
        number(pool.decodes[Urgency.INTERIM] / spoken_s, 2),
        number(pool.spent_s[Urgency.INTERIM] / alone_s, 2),
        number(sum(pool.spent_s.values()) / alone_s, 2),
    ]


def _alone_s(model: Moonshine, talks: Sequence[speech.Talk]) -> float:
    """Return the CPU seconds of decoding each true turn once."""
    began = time.thread_time()
    for talk in talks:
        for cut in talk.cuts():
            model.transcribe((cut / np.float32(32768)).astype(np.float32))
    return time.thread_time() - began


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--intervals", type=int, nargs="+", default=INTERVALS)
    parser.add_argument("--speakers", type=int, nargs="+", default=(1, 8))
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    engine = small_engine()
    rows = [row(engine, ms, speakers, given.seconds) for speakers in given.speakers for ms in given.intervals]
    print(Table("Interim results and CPU time, in virtual time", HEADS, rows).markdown())


if __name__ == "__main__":
    main()
