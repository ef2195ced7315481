"""Computes when the words of one speaker were displayed, and how many displayed words were rewritten. No I/O.

A word is displayed by the first update of its turn that has it where the final text has it. A displayed word is rewritten if the next
update of its turn does not have it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import pairwise

from tests.bench.speech import Turn
from tests.bench.word_errors import alike


@dataclass(frozen=True, slots=True)
class Update:
    """The text of a turn so far, or its final text, and the second at which it arrived."""

    at: float
    text: str
    is_final: bool

    @property
    def words(self) -> list[str]:
        """The words without case and punctuation."""
        return alike(self.text).split()


@dataclass
class Display:
    """Seconds from the end of each word to its display, from the start of a turn to its first words, and between two updates of a turn.

    `missed` are the words that were not recognised; `shown` words were displayed, of which `rewritten` were replaced or removed later.
    """

    delays: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    intervals: list[float] = field(default_factory=list)
    missed: int = 0
    shown: int = 0
    rewritten: int = 0

    def __iadd__(self, other: "Display") -> "Display":
        self.delays += other.delays
        self.first += other.first
        self.intervals += other.intervals
        self.missed += other.missed
        self.shown += other.shown
        self.rewritten += other.rewritten
        return self

    @property
    def rewritten_percent(self) -> float:
        """Share of the displayed words that were rewritten."""
        return 100 * self.rewritten / max(1, self.shown)


def display(said: Sequence[Turn], words: Sequence[Turn], updates: Sequence[Update]) -> Display:
    """Return the figures of one speaker, from the turns, the single words and their true times, and the updates in order."""
    turns = list(_turns(updates))
    spoken = [(token, word.end) for word in words for token in alike(word.text).split()]
    recognised = [(token, number, place) for number, turn in enumerate(turns) for place, token in enumerate(turn[-1].words)]
    pairs = _alike([token for token, _ in spoken], [token for token, _, _ in recognised])
    result = Display(missed=len(spoken) - len(pairs))
    shown = [_first_shown(turn) for turn in turns]
    starts: dict[int, float] = {}
    for ours, theirs in pairs.items():
        _, number, place = recognised[theirs]
        end = spoken[ours][1]
        result.delays.append(shown[number][place] - end)
        starts.setdefault(number, next((turn.start for turn in said if turn.start <= end <= turn.end + 0.05), end))
    begun: set[float] = set()
    for number, start in starts.items():
        if start not in begun:  # a turn of the recogniser that continues a true turn has no first words
            begun.add(start)
            result.first.append(turns[number][0].at - start)
    for turn in turns:
        _count(turn, result)
    return result


def _turns(updates: Sequence[Update]) -> Iterator[list[Update]]:
    """Yield the updates of each turn; the last one is final."""
    turn: list[Update] = []
    for update in updates:
        turn.append(update)
        if update.is_final:
            yield turn
            turn = []


def _first_shown(turn: Sequence[Update]) -> list[float]:
    """Return when each word of the final text was displayed."""
    final = turn[-1].words
    shown = [turn[-1].at] * len(final)
    for update in reversed(turn[:-1]):
        for place in _alike(final, update.words):
            shown[place] = update.at
    return shown


def _count(turn: Sequence[Update], result: Display) -> None:
    """Count the displayed words of a turn, those that were rewritten, and the time between interim results."""
    result.shown += len(turn[0].words)
    for one, other in pairwise(turn):
        kept = len(_alike(one.words, other.words))
        result.rewritten += len(one.words) - kept
        result.shown += len(other.words) - kept
    result.intervals += [other.at - one.at for one, other in pairwise(turn) if not other.is_final]


def _alike(ours: Sequence[str], theirs: Sequence[str]) -> dict[int, int]:
    """Return the places of the same words in both, as far as they are in the same order."""
    blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    return {block.a + step: block.b + step for block in blocks for step in range(block.size)}
