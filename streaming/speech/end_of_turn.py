"""How long a silence must be to end a turn, decided from the words before it.

Without I/O but for the weights, which lie beside this module. They are made by `python -m streaming.training.end_of_turn`; the measured
errors are in docs/develop/end-of-turn.md.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from math import exp, log
from typing import Protocol

from streaming.audio.pcm import Samples

EARLIEST_MS = 200
"""Silence, in milliseconds, after which a turn can end at the earliest: its words are decoded then."""
LATEST_MS = 1500
"""The longest silence, in milliseconds, that words can ask for."""
COMPLETE, COMPLETE_MS = 0.35, 550
"""From this probability of a complete sentence on, words ask for this silence, in milliseconds, at most: answers come after such words."""
UNFINISHED = 5.0
"""How bad a false cut-off inside of a sentence is, with one after a sentence = 1."""
FILLERS = frozenset(("uh", "um", "uhm", "hm", "hmm", "mm", "er", "erm", "ah"))
"""Sounds without a meaning. The engines write some of them and leave out others."""

_EDGE = re.compile(r"^[^\w']+|[^\w']+$")
_SENTENCE_MARKS = (".", "?", "!")
_CLAUSE_MARKS = (*_SENTENCE_MARKS, ",", ";", ":")
_MOST_WORDS = 12  # greatest number of words that is told apart

_CLASSES: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "article": "a an the this that these those my your his her its our their every each some any no another",
        "preposition": "of in on at by for from with about into over under between through after before during without within across"
        " towards against like than as via per",
        "conjunction": "and or but so because if when while although though whereas since unless until cause cos 'cause that whether plus",
        "pronoun": "i you he she it we they i'm you're he's she's it's we're they're i've you've we've they've i'll you'll we'll they'll "
        " i'd you'd we'd they'd there's that's who",
        "object": "me him her us them it you one ones something anything nothing everything someone everyone mine yours ours",
        "auxiliary": "am is are was were be been being do does did have has had can could will would shall should may might must isn't"
        " aren't wasn't weren't don't doesn't didn't haven't hasn't hadn't can't couldn't won't wouldn't shouldn't to gonna wanna gotta",
        "question": "what who whom whose which where when why how what's who's where's how's",
        "adverb": "very really quite just also even still only maybe perhaps actually basically probably more most less kind sort",
        "answer": "yeah yes no okay ok right sure exactly alright yep nope thanks thank bye hello hi hey please great good fine cool true",
        "number": "zero one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred thousand million"
        " percent euros dollars pounds",
    }.items()
}


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause that may end a turn: the words of the turn so far, with their punctuation, and its audio.

    `pcm` is float32 of shape (n,) at 16 kHz, with about 0.2 s of silence at its end; it is empty where only the words are known.
    """

    words: tuple[str, ...]
    pcm: Samples


class EndOfTurnModel(Protocol):
    """Decides how long a pause may become before it ends the turn."""

    def silence_ms(self, pause: Pause) -> int:
        """Return the silence, in milliseconds, that ends the turn unless speech continues before.

        Called once for each pause, in a thread that decodes speech: it may compute for some milliseconds. It is called from several
        threads at the same time.
        """


@dataclass(frozen=True, slots=True)
class EndOfTurnWeights:
    """The weights of two logistic regressions over the same features: that the turn ends, and that the sentence is complete."""

    end: Mapping[str, float]
    end_bias: float
    complete: Mapping[str, float]
    complete_bias: float


class WordsModel:
    """Decides from the words: a complete sentence ends the turn early, an unfinished one late.

    Two logistic regressions over the last words, the first words and the length of the turn give the probability that the turn ends and
    the probability that the sentence is complete. A false cut-off inside of a sentence is `UNFINISHED` times as bad as one after it. The
    table gives the silence with the least expected cost.

    Args:
        weights: of the features; those that are missing have none.
        waits: pairs of a score, rising, and the silence in milliseconds from it on.
    """

    def __init__(self, weights: EndOfTurnWeights, waits: Sequence[tuple[float, int]]) -> None:
        self._weights = weights
        self._from = [score for score, _ in waits]
        self._waits = [ms for _, ms in waits]

    def odds(self, words: Sequence[str]) -> tuple[float, float]:
        """Return the logarithms of the odds of an end and of a complete sentence, given that a pause follows the words."""
        found, weights = features(words), self._weights
        end = weights.end_bias + sum(weights.end.get(feature, 0.0) for feature in found)
        return end, weights.complete_bias + sum(weights.complete.get(feature, 0.0) for feature in found)

    def silence_ms(self, pause: Pause) -> int:
        """Return the silence that ends the turn, from `EARLIEST_MS` to `LATEST_MS`."""
        end, complete = self.odds(pause.words)
        wait = self._waits[max(0, bisect_right(self._from, score_of(end, complete)) - 1)]
        return min(wait, COMPLETE_MS) if probability_of(complete) >= COMPLETE else wait


def probability_of(odds: float) -> float:
    """Return the probability with these odds, a logarithm."""
    return 1 / (1 + exp(-max(-30.0, min(30.0, odds))))


def score_of(end: float, complete: float) -> float:
    """Return the log odds of an end, less the logarithm of how bad a false cut-off is, for those of an end and of a complete sentence."""
    probability = probability_of(complete)
    return end - log(probability + UNFINISHED * (1 - probability))


@lru_cache(maxsize=1)
def words_model() -> WordsModel:
    """Return the model with the shipped weights, which are read once."""
    stored = json.loads((files("streaming.speech") / "weights" / "end_of_turn.json").read_text(encoding="utf-8"))
    end, complete = ({name: pair[number] for name, pair in stored["weights"].items()} for number in range(2))
    weights = EndOfTurnWeights(end, stored["bias"][0], complete, stored["bias"][1])
    return WordsModel(weights, [(score, ms) for score, ms in stored["waits"]])


def features(words: Sequence[str]) -> list[str]:
    """Return the names of the features that these words have.

    Punctuation is used inside the words only: the mark after the last word is what a recogniser writes at any end of audio.
    """
    bare = [word for word in map(bare_word, words) if word] or [""]
    sentence = [word for word in map(bare_word, _after_mark(words, _SENTENCE_MARKS)) if word] or [""]
    clause = [word for word in map(bare_word, _after_mark(words, _CLAUSE_MARKS)) if word] or [""]
    last = ["", *bare][-2:]
    classes = [word_class(word) for word in last]
    found = [
        f"1={last[1]}",
        f"2={last[0]} {last[1]}",
        f"c1={classes[1]}",
        f"c2={classes[0]} {classes[1]}",
        f"suffix={last[1][-3:]}",
        f"words={min(_MOST_WORDS, len(bare))}",
        f"sentence={min(_MOST_WORDS, len(sentence))}",
        f"clause={min(_MOST_WORDS, len(clause))}",
        f"first={sentence[0]}",
        f"first2={' '.join(sentence[:2])}",
        f"clause2={' '.join(clause[:2])}",
        f"whole={' '.join(clause)}" if len(clause) <= 3 else "long",
        f"first,c1={word_class(clause[0])} {classes[1]} {min(4, len(clause))}",
    ]
    if last[0] and last[0] == last[1]:
        found.append("repeated")
    if len(last[1]) <= 2:
        found.append("short")
    return found


def bare_word(word: str) -> str:
    """Return a word in lower case without the punctuation at its edges."""
    return _EDGE.sub("", word).lower()


def word_class(word: str) -> str:
    """Return the class of a word in lower case: `filler`, `article` and so on, or a guess by its ending."""
    if not word:
        return "none"
    if word in FILLERS:
        return "filler"
    for name, members in _CLASSES.items():
        if word in members:
            return name
    if any(character.isdigit() for character in word):
        return "digits"
    for ending in ("ing", "ly", "ed", "s"):
        if word.endswith(ending):
            return ending
    return "other"


def _after_mark(words: Sequence[str], marks: tuple[str, ...]) -> Sequence[str]:
    """Return the words after the last of these marks, without regard to the mark of the last word."""
    for at in range(len(words) - 2, -1, -1):
        if words[at].endswith(marks):
            return words[at + 1 :]
    return words
