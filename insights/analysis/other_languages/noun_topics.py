"""Topics of a conversation in a language with rules: the nouns of German, which begin with a capital; in French and Spanish what follows
a word such as "the" or "our"."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from insights.analysis.other_languages.rules import LanguageRules
from insights.analysis.text.words import Token, tokens
from insights.analysis.topics import Topic

_LONGEST = 4
_LEAST_LETTERS = 4
_MOST = 5000
"""Phrases that are counted; above it, those said once are dropped."""
_ONCE = 0.35
"""Factor for a topic that was said once, as for English."""
_ENDS = frozenset(".?!:…")


@dataclass(slots=True)
class _Count:
    """What is known of one phrase. `inside`: how often it stood inside of a sentence, where only nouns of German have capitals."""

    count: int = 0
    inside: int = 0
    sentiment: float = 0.0
    shapes: Counter[str] = field(default_factory=Counter)
    message_ids: dict[str, None] = field(default_factory=dict)


class NounTopics:
    """Counts of the candidate phrases of one conversation."""

    def __init__(self, rules: LanguageRules) -> None:
        self._rules = rules
        self._counts: dict[tuple[str, ...], _Count] = {}

    def add(self, message_id: str, text: str, sentiment: float) -> None:
        """Count the phrases of a message; sentiment is in [-1, 1]."""
        candidates = self._capitalised(text) if self._rules.nouns_are_capitalised else self._determined(text)
        for words, inside in candidates:
            known = self._counts.setdefault(tuple(_folded(word.low) for word in words), _Count())
            known.count += 1
            known.inside += inside
            known.sentiment += sentiment
            known.shapes[" ".join(word.text if self._rules.nouns_are_capitalised else word.low for word in words)] += 1
            known.message_ids[message_id] = None
        if len(self._counts) > _MOST:
            self._counts = {key: known for key, known in self._counts.items() if known.count > 1}

    def top(self, limit: int = 10) -> list[Topic]:
        """Return the strongest topics, best first."""
        scores = {key: _score(key, known) for key, known in self._counts.items() if known.inside}
        for key in sorted(scores, key=len):
            for part in _inner(key):
                if part in scores and self._counts[part].count < 2 * self._counts[key].count:
                    scores[key], scores[part] = max(scores[key], scores[part]), 0.0
        best = sorted(((score, key) for key, score in scores.items() if score > 0), key=lambda one: (-one[0], one[1]))[:limit]
        return [self._topic(key, score / best[0][0]) for score, key in best]

    def _topic(self, key: tuple[str, ...], score: float) -> Topic:
        known = self._counts[key]
        text = min(known.shapes, key=lambda shape: (-known.shapes[shape], shape))
        return Topic(text, round(score, 4), tuple(known.message_ids), round(known.sentiment / known.count, 4))

    def _worthy(self, word: Token) -> bool:
        return len(word.low) >= _LEAST_LETTERS and word.low[0].isalpha() and word.low not in self._rules.stop_words

    def _capitalised(self, text: str) -> Iterator[tuple[tuple[Token, ...], bool]]:
        """Yield (noun or name of several words, whether it is inside of a sentence)."""
        run: list[Token] = []
        first, end = True, 0
        for word in tokens(text):
            gap = text[end : word.start]
            apart = bool(gap.strip()) or not end
            begins = not end or bool(set(gap) & _ENDS)
            fits = word.text[0].isupper() and self._worthy(word)
            if run and (apart or not fits):
                yield tuple(run[-_LONGEST:]), not first
                run = []
            if fits:
                first = begins if not run else first
                run.append(word)
            end = word.end
        if run:
            yield tuple(run[-_LONGEST:]), not first

    def _determined(self, text: str) -> Iterator[tuple[tuple[Token, ...], bool]]:
        """Yield (phrase behind a determiner, True): content words that may be joined by words such as `de`."""
        words = _split(text)
        at = 0
        while at < len(words):
            if words[at].low not in self._rules.determiners:
                at += 1
                continue
            phrase, at = self._phrase(text, words, at + 1)
            if phrase:
                yield tuple(phrase), True

    def _phrase(self, text: str, words: list[Token], at: int) -> tuple[list[Token], int]:
        """Return the phrase that begins at a word, and the place behind it."""
        phrase: list[Token] = []
        content, behind = 0, at
        while at < len(words) and len(phrase) < _LONGEST and content < 2:
            word = words[at]
            if phrase and text[phrase[-1].end : word.start].strip("' ’"):
                break
            if self._worthy(word):
                content += 1
                phrase.append(word)
                at = behind = at + 1
            elif phrase and word.low in self._rules.joining:
                phrase.append(word)
                at += 1
            else:
                break
        while phrase and not self._worthy(phrase[-1]):
            phrase.pop()
        return phrase, behind


def _split(text: str) -> list[Token]:
    """Return the words of a text; elided ones ("l'équipe") are two."""
    found: list[Token] = []
    for word in tokens(text):
        mark = max(word.text.find("'"), word.text.find("’"))
        if 0 < mark <= 2:
            found.append(Token(word.text[:mark], word.low[:mark], word.start, word.start + mark))
            found.append(Token(word.text[mark + 1 :], word.low[mark + 1 :], word.start + mark + 1, word.end))
        else:
            found.append(word)
    return found


def _folded(low: str) -> str:
    """Return a word without the commonest endings of the plural, so that its forms count together."""
    for ending in ("en", "es", "n", "s", "e"):
        if low.endswith(ending) and len(low) - len(ending) >= _LEAST_LETTERS:
            return low.removesuffix(ending)
    return low


def _score(key: tuple[str, ...], known: _Count) -> float:
    letters = sum(map(len, key))
    return known.count * (_ONCE if known.count == 1 else 1.0) * math.log(letters) * (1.0 if len(key) == 1 else 1.3)


def _inner(key: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the shorter phrases inside a phrase."""
    return [key[at : at + length] for length in range(1, len(key)) for at in range(len(key) - length + 1)]
