"""How well the end of a turn does on meetings that nothing was chosen on: python -m streaming.training.end_of_turn_validation --data DIR.

DIR holds ami.train.jsonl.gz and ami.dev.jsonl.gz, as for the training. Two tables, both with the weights of the features fitted to other
meetings than those that are reported:

- The margin (`MARGIN`) is chosen on one half of the dev meetings and reported on the other half, both ways.
- Each quarter of the train meetings, with weights and table from the other three quarters, and the margin as it is. The constants of the
  regression were chosen on dev.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from streaming.audio.resample import EMPTY
from streaming.speech.end_of_turn import EARLIEST_MS, FILLERS, Pause, WordsModel, bare_word
from streaming.training.corpus_pauses import Durations, Lengths, Track, durations_of, read
from streaming.training.end_of_turn import FIXED_S, MARGIN, Fitted, fit
from streaming.training.simulated_turns import Outcome, Rule, joined, simulate

MARGINS = (1.0, 0.97, 0.94, 0.91, 0.88, 0.85, 0.82, 0.79, 0.76)
"""Candidates, the fastest decision first."""
EARLIEST_S = (EARLIEST_MS + 40) / 1000
"""The earliest decision: the pause is reported after 0.2 s, and the turn is decoded then."""
LONGEST_S = 1.2
"""The default of the setting LONGEST_PAUSE_MS."""
QUARTERS = 4

View = tuple[Lengths, bool]
"""Where the length of a pause comes from, and whether the fillers are among the words."""
VIEWS: tuple[View, ...] = tuple((lengths, fillers) for lengths in Lengths for fillers in (True, False))


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the arguments, fit, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with ami.train.jsonl.gz and ami.dev.jsonl.gz")
    chosen = parser.parse_args(arguments)
    began = time.process_time()
    train, dev = chosen.data / "ami.train.jsonl.gz", chosen.data / "ami.dev.jsonl.gz"
    durations = durations_of(train)
    tracks = _all(train, durations)
    halves = [{lengths: found[number::2] for lengths, found in _by_meeting(_all(dev, durations)).items()} for number in range(2)]
    print("\nmargin chosen on one half of the dev meetings, reported on the other\n")
    _print(_halves(fit(tracks[Lengths.ESTIMATED]), halves))
    print("\nquarters of the train meetings, fitted to the other three\n")
    _print(_quarters(_by_meeting(tracks)))
    print(f"\ntook {time.process_time() - began:.0f} s of CPU")


Meetings = dict[Lengths, list[list[Track]]]
"""The tracks of each meeting."""
Outcomes = dict[View, tuple[Outcome, Outcome]]
"""What the fixed pause did, and what the words did."""


def choose_margin(fitted: Fitted, meetings: Meetings) -> float:
    """Return the fastest margin with which the words cut off as few holds as the fixed pause, on these meetings, in every view."""
    for margin in MARGINS:
        if all(ours.false_cut_offs <= fixed.false_cut_offs for fixed, ours in outcomes(fitted.model(margin), meetings).values()):
            return margin
    return MARGINS[-1]


def outcomes(model: WordsModel, meetings: Meetings) -> Outcomes:
    """Return what both rules do on these meetings."""
    tracks = {lengths: [track for meeting in found for track in meeting] for lengths, found in meetings.items()}
    return {
        (lengths, fillers): (simulate(tracks[lengths], lambda words: FIXED_S), simulate(tracks[lengths], rule(model, fillers)))
        for lengths, fillers in VIEWS
    }


def rule(model: WordsModel, fillers: bool) -> Rule:
    """Return the rule of the product with a model: with the limits, and with the fixed pause where there are no words."""

    def silence_s(words: Sequence[str]) -> float:
        known = tuple(words if fillers else [word for word in words if bare_word(word) not in FILLERS])
        return max(EARLIEST_S, min(model.silence_ms(Pause(known, EMPTY)) / 1000, LONGEST_S)) if known else FIXED_S

    return silence_s


def _halves(fitted: Fitted, halves: Sequence[Meetings]) -> list[Outcomes]:
    found = []
    for chosen_on, reported in (halves, halves[::-1]):
        margin = choose_margin(fitted, chosen_on)
        print(f"margin {margin:g}, chosen on {len(chosen_on[Lengths.ESTIMATED])} meetings")
        found.append(outcomes(fitted.model(margin), reported))
    return found


def _quarters(meetings: Meetings) -> list[Outcomes]:
    found = []
    for quarter in range(QUARTERS):
        others = [tracks for number, tracks in enumerate(meetings[Lengths.ESTIMATED]) if number % QUARTERS != quarter]
        fitted = fit([track for tracks in others for track in tracks])
        inside = {lengths: tracks[quarter::QUARTERS] for lengths, tracks in meetings.items()}
        found.append(outcomes(fitted.model(MARGIN), inside))
    return found


def _all(file: Path, durations: Durations) -> dict[Lengths, list[Track]]:
    return {lengths: read(file, lengths, durations) for lengths in Lengths}


def _by_meeting(tracks: dict[Lengths, list[Track]]) -> Meetings:
    """Return the tracks of each meeting, in the order of the names of the meetings."""
    found: Meetings = {}
    for lengths, all_tracks in tracks.items():
        names = sorted({track.meeting for track in all_tracks})
        found[lengths] = [[track for track in all_tracks if track.meeting == name] for name in names]
    return found


def _print(parts: Sequence[Outcomes]) -> None:
    """Print the sums of all parts as the table of the docs."""
    print("| pauses | words | what ends a turn | holds | cut off | ends | median | mean | p90 | missed |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for view in VIEWS:
        for number, name in enumerate(("500 ms", "words")):
            one = joined([part[view][number] for part in parts])
            seconds = [f"{value:.2f} s" for value in (one.latency(), fmean(one.latencies), one.latency(0.9))]
            counts = [str(one.holds), f"{one.false_cut_offs:.1%}", str(len(one.latencies)), *seconds, str(one.missed)]
            cells = [str(view[0]), "all" if view[1] else "without fillers", name, *counts]
            print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
