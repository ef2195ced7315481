"""Topics of a live conversation: phrases of one to three words between stop words, weighted by how rare they are elsewhere.

Topics are things: the last word of a phrase must be one that stands where nouns stand in the background corpus, the words before it must
be nouns or stand before nouns, and a phrase after "the" or "our" counts more than one after "to" or "we". Counts are kept per phrase, and
the strongest phrases are kept in a separate table. A phrase's score changes only when it is said, so neither add() nor top() ever
iterates over all phrases of a long meeting.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from insights.analysis.entities import lower
from insights.analysis.personal_data.contacts import internet_addresses
from insights.analysis.text.document_frequency import idf, noun_shares
from insights.analysis.text.lexicon import words as words_of
from insights.analysis.text.words import FILLERS, STOP_WORDS, Token, stem, tokens

_LONGEST = 3
_MOST_PHRASES = 5000
"""Maximum number of phrases. Above it, phrases said once are dropped, so that memory stays bounded."""

_LEADERS = 150
"""Number of strongest phrases that top() chooses from."""

_LEAST_HEAD = 0.2
_LEAST_MODIFIER = 0.3
"""Minimum shares of uses as the last word of a noun phrase, and as any word of one."""

_PRIOR = 2.0
"""Uses in a conversation that outweigh the background corpus."""

_LEAST_NOUN = 0.38
"""Minimum share of uses as a noun in the background corpus and the conversation together."""

MARGIN = 1.3
"""How much stronger a topic must be to be placed before another one."""

_STEP = 0.0001

_EMPTY = words_of("not_topics")
"""Words without a subject, besides stop words and fillers."""

_NAMING = words_of("before_things")

_PREPOSITIONS = frozenset(["of", "in", "on", "for", "with", "by", "about", "per", "from"])

_DOING = words_of("before_doings")

_ADDRESS_SIGN = re.compile(r" dot |@|\w\.[a-z]")
"""What every address on the internet has; other texts are not searched for one."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic. score in 0..1, relative to the strongest; sentiment in -1..1, mean of its messages; parent: a broader topic's text."""

    text: str
    score: float
    message_ids: tuple[str, ...]
    sentiment: float
    parent: str | None = None


@dataclass(slots=True)
class _Tally:
    """Counts of one phrase: total, and after words that introduce things or actions."""

    count: int = 0
    named: float = 0.0
    done: float = 0.0
    weight: float = 0.0
    noun: float = 0.5
    sentiment: float = 0.0
    shapes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    message_ids: dict[str, None] = field(default_factory=dict)


class TopicIndex:
    """Counts of all candidate phrases of one conversation."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, ...], _Tally] = {}
        self._leaders: dict[tuple[str, ...], float] = {}

    def add(self, message_id: str, text: str, sentiment: float) -> None:
        """Count the phrases of a message; sentiment is in [-1, 1]."""
        for before, words in _phrases(text):
            key = tuple(stem(word.low) for word in words)
            tally = self._tallies.get(key)
            if tally is None:
                tally = self._tallies[key] = _Tally(weight=_weight(words), noun=noun_shares(words[-1].low)[0])
            tally.count += 1
            tally.done += before in _DOING
            tally.named += _noun_evidence(before, words[0].low)
            tally.sentiment += sentiment
            tally.shapes[" ".join(_shape(word, text) for word in words)] += 1
            tally.message_ids[message_id] = None
            self._leaders[key] = _score(key, tally)
        if len(self._leaders) > 2 * _LEADERS:
            self._leaders = dict(_best(self._leaders)[:_LEADERS])
        if len(self._tallies) > _MOST_PHRASES:
            self._tallies = {key: tally for key, tally in self._tallies.items() if tally.count > 1 or key in self._leaders}

    def top(self, limit: int = 10) -> list[Topic]:
        """Return the strongest topics (150 at most), best first. A phrase that occurs mostly inside a longer one is replaced by it."""
        scores = dict(_best(self._leaders)[:_LEADERS])
        for key in sorted(scores, key=len):
            for part in _inner(key):
                if self._is_mostly_inside(part, key):
                    scores[key] = max(scores[key], scores.get(part, 0.0))
                    scores[part] = 0.0
        chosen = [(key, score) for key, score in _best(scores)[:limit] if score > 0]
        best = chosen[0][1] if chosen else 1.0
        return [self._topic(key, score / best, [other for other, _ in chosen]) for key, score in chosen]

    def _is_mostly_inside(self, part: tuple[str, ...], whole: tuple[str, ...]) -> bool:
        """Return whether a phrase seldom occurs outside the longer one. Of three words said once, any two may be the topic."""
        said_again = self._tallies[whole].count > 1 or len(whole) == 2
        return part in self._tallies and said_again and self._tallies[part].count < 2 * self._tallies[whole].count

    def _topic(self, key: tuple[str, ...], score: float, chosen: list[tuple[str, ...]]) -> Topic:
        tally = self._tallies[key]
        parents = [other for other in chosen if len(other) < len(key) and _holds(key, other)]
        parent = self._shape(min(parents, key=len)) if parents else None
        return Topic(self._shape(key), round(score, 4), tuple(tally.message_ids), round(tally.sentiment / tally.count, 4), parent)

    def _shape(self, key: tuple[str, ...]) -> str:
        shapes = self._tallies[key].shapes
        return min(shapes, key=lambda shape: (-shapes[shape], shape))


def steady(before: Sequence[str], scores: Mapping[str, float]) -> dict[str, float]:
    """Return scores that change the order of topics as little as possible, in their order.

    Args:
        before: the topics in their present order; those without a score are left out.
        scores: the present score of each topic. New topics are inserted behind the last one that is not weaker.

    A topic is placed before another one only if it is stronger by MARGIN; until then it gets a score right below it.
    """
    order = [topic for topic in before if topic in scores]
    for topic in sorted(set(scores) - set(order), key=lambda topic: (-scores[topic], topic)):
        place = next((at for at, other in enumerate(order) if scores[other] < scores[topic]), len(order))
        order.insert(place, topic)
    for end in range(1, len(order)):
        at = end
        while at and scores[order[at]] > MARGIN * scores[order[at - 1]]:
            order[at - 1], order[at] = order[at], order[at - 1]
            at -= 1
    found: dict[str, float] = {}
    highest = 1.0
    for topic in order:
        found[topic] = min(scores[topic], highest)
        highest = max(0.0, found[topic] - _STEP)
    return found


def _best(scores: dict[tuple[str, ...], float]) -> list[tuple[tuple[str, ...], float]]:
    """Return phrases with their scores, strongest first, ties in alphabetical order."""
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _inner(key: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the shorter phrases inside a phrase."""
    return [key[at : at + length] for length in range(1, len(key)) for at in range(len(key) - length + 1)]


def _holds(big: tuple[str, ...], small: tuple[str, ...]) -> bool:
    return any(big[at : at + len(small)] == small for at in range(len(big) - len(small) + 1))


def _score(key: tuple[str, ...], tally: _Tally) -> float:
    """Score a phrase: said once scores low, longer phrases score higher, and things score higher than actions."""
    noun = (tally.named + _PRIOR * tally.noun) / (tally.named + tally.done + _PRIOR)
    if noun < _LEAST_NOUN:
        return 0.0
    return tally.weight * tally.count * noun * (0.35 if tally.count == 1 else 1.0) * (1.0, 1.5, 1.6)[len(key) - 1]


def _weight(words: tuple[Token, ...]) -> float:
    return sum(idf(word.low) for word in words) / len(words)


def _shape(word: Token, text: str) -> str:
    """Return a word as a topic shows it: lower case, with the capitals that it has mid-sentence ('Berlin') or inside itself ('GPU')."""
    first = text[: word.start].rstrip(" \"'")[-1:] in {"", ".", "?", "!"}
    return word.low if first and word.text[1:].lower() == word.text[1:] else word.text


def phrases(text: str) -> list[tuple[str, ...]]:
    """Return the stems of all candidate phrases of a text in order, with repetitions."""
    return [tuple(stem(word.low) for word in part) for _, part in _phrases(text)]


def names_one_of(topic: str, phrases: Iterable[str]) -> bool:
    """Return whether a topic contains one of these words or phrases, in any of their forms ('budgets' for 'budget')."""
    whole = _stems(topic)
    return any(_holds(whole, part) for phrase in phrases if (part := _stems(phrase)))


def _stems(text: str) -> tuple[str, ...]:
    return tuple(stem(word.low) for word in tokens(text))


def _worthy(word: Token) -> bool:
    low = word.low
    if low in STOP_WORDS or low in FILLERS or low in _EMPTY or len(low) < 3 or "'" in low.removesuffix("'s"):
        return False
    return low[0].isalpha() and not low.endswith("ly")


def _phrases(text: str) -> Iterator[tuple[str, tuple[Token, ...]]]:
    """Yield (word before, phrase) for runs of content words separated only by white space, and their parts of up to three words.

    The word before is empty after a punctuation mark and at the start of the text.
    """
    text = _without_addresses(text)
    run: list[Token] = []
    before, end = "", 0
    for word in tokens(text):
        apart = bool(text[end : word.start].strip())
        if run and (apart or not _worthy(word)):
            yield from _parts(before, run)
            before, run = run[-1].low, []
        if apart:
            before = ""
        if _worthy(word):
            run.append(word)
        else:
            before = word.low
        end = word.end
    yield from _parts(before, run)


def _without_addresses(text: str) -> str:
    """Return a text of the same length with marks in place of e-mail addresses and domain names, written or spoken."""
    low = lower(text)
    if not _ADDRESS_SIGN.search(low):
        return text
    for one in internet_addresses(low):
        text = text[: one.start] + ";" * (one.end - one.start) + text[one.end :]
    return text


def _parts(before: str, run: list[Token]) -> Iterator[tuple[str, tuple[Token, ...]]]:
    for length in range(1, min(_LONGEST, len(run)) + 1):
        for at in range(len(run) - length + 1):
            part = tuple(run[at : at + length])
            if (length > 1 or len(part[0].low) > 3 or part[0].text.isupper()) and _names_something(part):
                yield run[at - 1].low if at else before, part


def _noun_evidence(before: str, word: str) -> float:
    """Return how much the word before a phrase says that it is a thing; '-ing' after a preposition is mostly a verb ("for joining")."""
    if before in _NAMING:
        return float(not (word.endswith("ing") and before in _PREPOSITIONS))
    return 0.5 * bool(before and before not in _DOING and before not in _EMPTY and before not in STOP_WORDS and before not in FILLERS)


def _names_something(part: tuple[Token, ...]) -> bool:
    """Return whether the words are those of a noun phrase."""
    *earlier, last = [noun_shares(word.low) for word in part]
    return last[0] >= _LEAST_HEAD and all(head + modifier >= _LEAST_MODIFIER for head, modifier in earlier)
