"""The end of a turn decided by the words, beside a fixed pause: on the words of a corpus, and on turns spoken by an installed voice."""

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean, median
from typing import Any

from streaming.audio.resample import EMPTY
from streaming.speech.end_of_turn import Pause, words_model
from streaming.speech.engines.base import EngineOptions, RecognitionOptions
from streaming.speech.engines.moonshine import MoonshineRecogniser
from streaming.training.corpus_pauses import Lengths, Track, durations_of, read
from streaming.training.end_of_turn_validation import EARLIEST_S, LONGEST_S, rule
from streaming.training.simulated_turns import Outcome, simulate
from tests.bench.child_processes import BenchError
from tests.bench.pauses.smart_turn import SmartTurn
from tests.bench.report import Goal, Result, Table, number
from tests.bench.rounds import Say
from tests.bench.spoken_turns import EndpointingResult, hear, spoken_turns, voice

FIXED_MS = 500
SPOKEN = 60
"""Turns that are spoken."""
MOST_CPU_MS = 10.0
LONGEST_PAUSE_MS = round(1000 * LONGEST_S)
_HEADS = ["pauses", "words", "what ends a turn", "holds", "cut off", "ends", "latency: median", "mean", "p90", "missed"]


def measure(file: Path | None, smart_turn: Path | None, say: Say, spoken: int) -> Result:
    """Measure on the words, then on so many spoken turns, if a voice is installed; beside it Smart Turn, a file. Raises BenchError."""
    if file is None or not file.is_file():
        raise BenchError("--turns-data must name a file of words with times")
    durations = durations_of(file)
    rows: list[Sequence[str]] = []
    goals: list[Goal] = []
    data: dict[str, Any] = {}
    for lengths in Lengths:
        tracks = read(file, lengths, durations)
        for fillers in (True, False):
            by_words = rule(words_model(), fillers)
            fixed, ours = (simulate(tracks, each) for each in (lambda words: FIXED_MS / 1000, by_words))
            kind = "all" if fillers else "without fillers"
            rows += [_row(lengths, kind, f"{FIXED_MS} ms", fixed), _row(lengths, kind, "words", ours)]
            data[f"{lengths}, {kind}"] = {name: _figures(found) for name, found in (("fixed", fixed), ("words", ours))}
            goals.append(_goal(f"{lengths} pauses, words {kind}", fixed, ours))
    cost_ms = _cost_ms(tracks)
    goals.append(Goal("CPU of a decision", f"<= {MOST_CPU_MS:g} ms", number(cost_ms, 3, " ms"), "-", cost_ms <= MOST_CPU_MS))
    tables = [Table("On the words of the corpus", _HEADS, rows)]
    verdicts = [
        f"Words: no decision before {EARLIEST_S:g} s, at most {LONGEST_PAUSE_MS} ms. A decision takes {cost_ms:.3f} ms of CPU, without the"
        " decode of the words, which is that of the final result."
    ]
    tracks = read(file, Lengths.ESTIMATED, durations)
    if voice() is None:
        verdicts.append("No voice is installed (flite, espeak-ng): nothing was spoken.")
    else:
        say(f"{spoken} spoken turns")
        heard = _heard(tracks, smart_turn, spoken)
        tables.append(spoken_table(heard))
        data["spoken"] = {name: asdict(found) for name, found in heard.items()}
        goals.append(_spoken_goal(heard))
        verdicts.append(
            "Spoken: turns of the corpus with their pauses (estimated), by Flite or eSpeak NG, in real time, three at once, through the"
            " embedded recogniser, with all rules at the same time. The latency is that of the final result, from the end of the sound."
        )
    return Result("turns", "The end of a turn", tables, verdicts, data, goals)


def _heard(tracks: Sequence[Track], smart_turn: Path | None, count: int) -> dict[str, EndpointingResult]:
    engine = voice()
    assert engine is not None
    turns = spoken_turns(tracks, engine, count)
    recogniser = MoonshineRecogniser(EngineOptions(2, Path()))
    recogniser.load()
    try:
        fixed = RecognitionOptions(end_of_turn_ms=FIXED_MS)
        words = replace(fixed, end_of_turn=words_model(), longest_pause_ms=LONGEST_PAUSE_MS)
        rules = {f"{FIXED_MS} ms": fixed, "words": words}
        if smart_turn is not None:
            rules["Smart Turn"] = replace(words, end_of_turn=SmartTurn(smart_turn, unfinished_ms=LONGEST_PAUSE_MS))
        return hear(turns, recogniser, rules)
    finally:
        recogniser.close()


def _cost_ms(tracks: Sequence[Track]) -> float:
    """Return the CPU time of a decision about a turn of twelve words, in milliseconds."""
    pauses = [Pause(tuple(word.text for word in track.words[at : at + 12]), EMPTY) for track in tracks for at in range(0, 240, 12)]
    model = words_model()
    began = time.thread_time()
    for pause in pauses:
        model.silence_ms(pause)
    return 1000 * (time.thread_time() - began) / len(pauses)


def _figures(found: Outcome) -> dict[str, float]:
    return {
        "holds": found.holds,
        "false_cut_offs": found.false_cut_offs,
        "median_s": found.latency(),
        "p90_s": found.latency(0.9),
        "mean_s": fmean(found.latencies),
        "missed": found.missed,
    }


def _row(lengths: Lengths, kind: str, name: str, found: Outcome) -> Sequence[str]:
    seconds = [number(value, 2, " s") for value in (found.latency(), fmean(found.latencies), found.latency(0.9))]
    return [lengths, kind, name, str(found.holds), f"{found.false_cut_offs:.1%}", str(len(found.latencies)), *seconds, str(found.missed)]


def _goal(what: str, fixed: Outcome, ours: Outcome) -> Goal:
    reached = ours.false_cut_offs <= fixed.false_cut_offs and ours.latency() <= fixed.latency() / 2
    cut = f"at most {fixed.false_cut_offs:.1%} cut off, median <= {fixed.latency() / 2:.2f} s"
    return Goal(
        f"end of a turn by its words: {what}",
        cut,
        f"{ours.false_cut_offs:.1%}, {ours.latency():.2f} s",
        f"fixed pause {fixed.latency():.2f} s",
        reached,
    )


def spoken_table(heard: dict[str, EndpointingResult]) -> Table:
    """Return the table of what recognitions with different rules made of spoken turns."""
    rows = []
    for name, found in heard.items():
        known = sorted(one for one in found.latencies if one is not None)
        tail = known[min(len(known) - 1, int(0.9 * len(known)))]
        cells = [number(value, 2, " s") for value in (median(known), fmean(known), tail)]
        share = f"{found.cut_off / max(1, found.holds):.1%}"
        rows.append([name, str(found.holds), share, str(len(known)), *cells, str(len(found.latencies) - len(known))])
    return Table("On spoken turns", ["what ends a turn", *_HEADS[3:]], rows)


def _spoken_goal(heard: dict[str, EndpointingResult]) -> Goal:
    fixed, ours = list(heard.values())[:2]
    medians = [median(one for one in found.latencies if one is not None) for found in (fixed, ours)]
    shares = [found.cut_off / max(1, found.holds) for found in (fixed, ours)]
    return Goal(
        "end of a turn by its words: spoken turns, to the final result",
        f"at most {shares[0]:.1%} cut off, median <= {medians[0] / 2:.2f} s",
        f"{shares[1]:.1%}, {medians[1]:.2f} s",
        f"fixed pause {medians[0]:.2f} s",
        shares[1] <= shares[0] and medians[1] <= medians[0] / 2,
    )
