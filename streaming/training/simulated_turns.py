"""What a rule for the end of a turn does on the words of a corpus: false cut-offs and latency. Nothing is recognised, no audio is read."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from streaming.training.corpus_pauses import CorpusPause, Track

Rule = Callable[[Sequence[str]], float]
"""Returns the seconds of silence that end a turn with these words."""
MOST_WORDS = 60
"""Words of an open turn that a rule sees at most: a turn of 12 s has fewer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule did.

    A hold is a pause after which the turn went on; it is cut off if the rule ended the turn in it. The latency is the silence, in
    seconds, at the ends of turns that the rule found. An end is missed if the speaker went on before the rule decided.
    """

    holds: int
    cut_off: int
    latencies: tuple[float, ...]
    missed: int

    @property
    def false_cut_offs(self) -> float:
        """The share of the holds that were cut off."""
        return self.cut_off / max(1, self.holds)

    def latency(self, share: float = 0.5) -> float:
        """Return the quantile of the latency, in seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def joined(parts: Iterable[Outcome]) -> Outcome:
    """Return the outcome on the tracks of all parts."""
    found = list(parts)
    latencies = tuple(seconds for one in found for seconds in one.latencies)
    return Outcome(sum(one.holds for one in found), sum(one.cut_off for one in found), latencies, sum(one.missed for one in found))


def simulate(tracks: Iterable[Track], rule: Rule, earliest_s: float = 0.0) -> Outcome:
    """Return what a rule does if it cannot decide before `earliest_s` of silence. A turn that it ends is not seen by it any more."""
    holds = cut_off = missed = 0
    latencies = []
    for track, pause, words in turns(tracks, lambda words: max(earliest_s, rule(words))):
        del track
        needed = max(earliest_s, rule(words))
        ended = pause.seconds > needed
        if pause.is_end:
            if ended:
                latencies.append(needed)
            else:
                missed += 1
        else:
            holds += 1
            cut_off += ended
    return Outcome(holds, cut_off, tuple(latencies), missed)


def turns(tracks: Iterable[Track], rule: Rule) -> Iterable[tuple[Track, CorpusPause, list[str]]]:
    """Yield each pause with the words of the turn before it, where turns end as the rule says."""
    for track in tracks:
        first = 0
        for pause in track.pauses:
            words = [word.text for word in track.words[max(first, pause.at + 1 - MOST_WORDS) : pause.at + 1]]
            yield track, pause, words
            if pause.seconds > rule(words):
                first = pause.at + 1
