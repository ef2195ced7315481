"""Finds questions, tasks and agreements to talk again by the rules of a language (`german.py`, `french.py`, `spanish.py`)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

SURE = 0.9
"""Confidence of a question with its mark."""
LIKELY = 0.8
"""Confidence of a task."""
POSSIBLE = 0.6
"""Confidence of a question without its mark."""

LONGEST = 600
"""Characters of a sentence that the rules look at."""

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatePatterns:
    """The compiled patterns of `DateWords`."""

    date: re.Pattern[str]
    weeks: re.Pattern[str]
    weekdays: re.Pattern[str]
    days: re.Pattern[str]
    clock: re.Pattern[str]


@dataclass(frozen=True)
class DateWords:
    """The words for dates of a language, in lower case.

    `months` and `weekdays` begin with January and Monday; each has all its forms. `days`: words for a day and its distance from today.
    `weeks`: expressions for a week and its distance from this one. `clock`: pattern of a time of day with the groups `hour` and
    `minute`, and `word` for an hour in words; `{numbers}` stands for those. `date`: pattern of a date with the groups `day`, `month` and
    `year`; `{months}` stands for the names. `numbers`: small numbers in words. `not_a_day`: pattern of what looks like a word of `days`
    and is none.
    """

    months: tuple[Words, ...]
    weekdays: tuple[Words, ...]
    days: dict[str, int]
    weeks: dict[str, int]
    clock: str
    date: str
    before_weekday: str
    numbers: dict[str, int]
    not_a_day: str = r"(?!)"

    @cached_property
    def patterns(self) -> DatePatterns:
        """The patterns, which search in a text in lower case."""
        months = _any(name for names in self.months for name in names)
        weekdays = _any(name for names in self.weekdays for name in names)
        return DatePatterns(
            re.compile(self.date.replace("{months}", months)),
            re.compile(rf"\b(?:{_any(self.weeks)})\b"),
            re.compile(rf"\b{self.before_weekday}(?P<day>{weekdays})\b"),
            re.compile(rf"\b(?:{_any(self.days)})\b"),
            re.compile(self.clock.replace("{numbers}", _any(self.numbers))),
        )


@dataclass(frozen=True, slots=True)
class LanguageRules:
    """The rules of one language. Patterns search in a sentence, without regard to capitals.

    question_start: begins a question whose mark is missing.
    reaction: a question that asks for nothing, such as "Really?"; matches the whole sentence.
    asks_for_words: a request to repeat, explain or hear something, which is a question and no task.
    request: asks somebody to do something.
    commitment: somebody will do something or has to.
    own: the part of `commitment` in which the speaker does it.
    no_task: what was done, might be done or is not done.
    follow_up: an agreement to talk again.
    stop_words, determiners: words that are no topic; words that stand before a noun phrase.
    joining: words that may stand inside a topic ("plan de marketing").
    nouns_are_capitalised: whether nouns begin with a capital.
    many: words for large numbers, such as a million, which follow another number.
    units: units of time and their seconds. ahead: pattern of what stands before a time in the future, such as "in".
    """

    code: str
    question_start: re.Pattern[str]
    reaction: re.Pattern[str]
    asks_for_words: re.Pattern[str]
    request: re.Pattern[str]
    commitment: re.Pattern[str]
    own: re.Pattern[str]
    no_task: re.Pattern[str]
    follow_up: re.Pattern[str]
    dates: DateWords
    stop_words: frozenset[str]
    determiners: frozenset[str]
    joining: frozenset[str] = frozenset()
    nouns_are_capitalised: bool = False
    currencies: dict[str, str] = field(default_factory=dict)
    percent: str = r"(?!)"
    many: dict[str, float] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    ahead: str = r"(?!)"


@dataclass(frozen=True, slots=True)
class Acts:
    """What a sentence does: the confidence, 0 to 1, that it asks, gives a task, or agrees to talk again. `own`: the speaker does it."""

    question: float = 0.0
    action: float = 0.0
    follow_up: float = 0.0
    own: bool = False

    def confidence(self, head: str) -> float:
        """Return the confidence for an output of the model (`InsightKind.head`); 0 for one without rules."""
        return {"question": self.question, "action": self.action, "follow_up": self.follow_up}.get(head, 0.0)


def _any(names: Iterable[str]) -> str:
    """Return a pattern for any of the names; a longer one goes first."""
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))


def compiled(*alternatives: str) -> re.Pattern[str]:
    """Return a pattern for any of the alternatives, without regard to capitals."""
    return re.compile("|".join(f"(?:{one})" for one in alternatives), re.IGNORECASE)


def acts(text: str, rules: LanguageRules) -> Acts:
    """Return what a sentence does."""
    text = text.strip()[:LONGEST].replace("’", "'")
    marked = text.rstrip("\"'»” ").endswith("?")
    if marked and rules.reaction.fullmatch(text):
        return Acts()
    begins = bool(rules.question_start.match(text))
    asks = Acts(question=SURE if marked else POSSIBLE if begins else 0.0)
    if rules.no_task.search(text) or (marked and rules.asks_for_words.search(text)):
        return asks
    requested = rules.request.search(text) is not None
    if rules.follow_up.search(text) and not (marked and begins and not requested):
        return Acts(follow_up=LIKELY, own=rules.own.search(text) is not None)
    if requested or (not marked and rules.commitment.search(text)):
        return Acts(action=LIKELY, own=not requested and rules.own.search(text) is not None)
    return asks
