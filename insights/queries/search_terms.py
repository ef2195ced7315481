"""What a user typed into the search: words, "phrases", -exclusions, and operators such as `from:Ada type:question before:2026-03-01`."""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, TypeAlias, assert_never, cast, get_args

from django.utils.translation import gettext as _

from insights.analysis.text.lexicon import words as words_of
from insights.analysis.text.words import plain
from insights.insight_kinds import kinds

LONGEST_SEARCH = 200
"""Characters of a search that are used; the rest is ignored."""
MOST_TERMS = 16
"""Words and phrases of a search that are used; the rest is ignored."""
LEAST_PREFIX = 3
"""A shorter word must be a whole word of the message; a longer one may be the beginning of one."""

Operator: TypeAlias = Literal["from", "type", "title", "before", "after"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)

FUNCTION_WORDS = words_of("function_words")
"""Words that say nothing about what is searched for."""

_PARTS = re.compile(r'(?P<minus>-?)(?:(?P<name>[A-Za-z]+):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
_TOKEN = re.compile(r"[^\W_]+")
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_UNSEPARATED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003134f]")
"""Characters of scripts without spaces between words (Chinese, Japanese, Thai and others), and of Korean, whose words take endings."""


@dataclass(frozen=True, slots=True)
class Term:
    """One word or phrase. `tokens` are the words that must follow each other in the message, `text` is what the user typed."""

    text: str
    tokens: tuple[str, ...]
    phrase: bool = False

    @property
    def prefix(self) -> bool:
        """Whether the last word may be the beginning of a longer one."""
        return not self.phrase and len(self.tokens[-1]) >= LEAST_PREFIX

    def occurs_in(self, text: str) -> bool:
        """Return whether a text has the word, or a word that begins with it."""
        words = " ".join(plain(token) for token in _TOKEN.findall(text))
        return f" {' '.join(self.tokens)}{'' if self.prefix else ' '}" in f" {words} "

    @property
    def common(self) -> bool:
        """Whether it is a word that says nothing about a topic, such as `the`."""
        return not self.phrase and all(token in FUNCTION_WORDS for token in self.tokens)


@dataclass(slots=True)
class SearchTerms:
    """A parsed search. `errors` has one sentence in the language of the page for each operator that cannot be used, and is ignored."""

    text: str = ""
    words: list[Term] = field(default_factory=list)
    excluded: list[Term] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    before: date | None = None
    """Conversations that began on an earlier day."""
    after: date | None = None
    """Conversations that began on this day or later."""
    errors: list[str] = field(default_factory=list)

    @property
    def wanted(self) -> bool:
        """Whether messages are searched: words, people or types of insights."""
        return bool(self.words or self.people or self.kinds)

    @property
    def unseparated(self) -> bool:
        """Whether a word is of a script that the word index cannot split."""
        return any(_UNSEPARATED.search(term.text) for term in self.words)

    @property
    def question(self) -> str:
        """The words as one text, without operators and exclusions."""
        return " ".join(term.text for term in self.words)


def parse_search(text: str) -> SearchTerms:
    """Return the parts of a search. NUL, which PostgreSQL refuses, separates words."""
    text = text[:LONGEST_SEARCH].replace("\x00", " ").strip()
    found = SearchTerms(text)
    for part in _PARTS.finditer(text):
        name = (part["name"] or "").lower()
        phrase = part["phrase"] is not None
        value = part["phrase"] if phrase else part["word"]
        if name in OPERATORS:
            _operator(found, cast(Operator, name), value.strip(), bool(part["minus"]))
            continue
        whole = f"{part['name']}:{value}" if name else value  # such as 10:30
        term = _term(whole, phrase)
        if term is not None and len(found.words) + len(found.excluded) < MOST_TERMS:
            (found.excluded if part["minus"] else found.words).append(term)
    if found.excluded and not found.wanted:
        found.errors.append(_("A minus only narrows a search. Add a word, from: or type:."))
    return found


def day_of(text: str) -> date | None:
    """Return the first day of a day, month or year such as 2026-03-09, 2026-03 or 2026; None for any other text."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
    except ValueError:
        return None


def _term(text: str, phrase: bool) -> Term | None:
    tokens = tuple(plain(token) for token in _TOKEN.findall(text))
    return Term(text, tokens, phrase) if tokens else None


def _operator(found: SearchTerms, name: Operator, value: str, minus: bool) -> None:
    if minus:
        found.errors.append(_("-%(operator)s: cannot be excluded. A minus works with words and phrases.") % {"operator": name})
        return
    if not value:
        found.errors.append(_("%(operator)s: needs a value, such as %(example)s.") % {"operator": name, "example": _example(name)})
        return
    match name:
        case "from":
            found.people.append(value)
        case "title":
            found.titles.append(value)
        case "type":
            kind = _kind(value)
            if kind is None:
                values = {"value": value, "known": ", ".join(one.name for one in kinds())}
                found.errors.append(_("type: there is no type “%(value)s”. Use one of %(known)s.") % values)
            else:
                found.kinds.append(kind)
        case "before" | "after":
            day = day_of(value)
            if day is None:
                values = {"operator": name, "value": value, "example": _example(name)}
                found.errors.append(_("%(operator)s: “%(value)s” is not a date. Use YYYY-MM-DD, such as %(example)s.") % values)
            elif name == "before":
                found.before = min(day, found.before or day)
            else:
                found.after = max(day, found.after or day)
        case _:
            assert_never(name)


def _kind(value: str) -> str | None:
    """Return the kind of insight of a name or a label, in English or the language of the page, in either number.

    Spaces, hyphens and underscores do not count.
    """
    key = re.sub(r"[\s_-]", "", value.lower())
    for one in kinds():
        if key in {re.sub(r"[\s_-]", "", text.lower()) for text in (one.name, one.label, one.plural, _(one.label), _(one.plural))}:
            return str(one.name)
    return None


def _example(name: Operator) -> str:
    match name:
        case "from":
            return "from:Ada"
        case "title":
            return "title:planning"
        case "type":
            return "type:question"
        case "before" | "after":
            return f"{name}:{date.today().replace(day=1) - timedelta(days=1):%Y-%m-%d}"
        case _:
            assert_never(name)
