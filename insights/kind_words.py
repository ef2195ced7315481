"""The words for kinds of insights in the language of the page. The registry has the English ones; nothing stores a translation.

An app with kinds of its own translates their labels and plurals in its own catalogue (docs/develop/translating.md).
"""

from django.utils.translation import gettext, pgettext

from insights.insight_kinds import InsightKind, kinds


def label(kind: InsightKind) -> str:
    """Return the name of a kind: `Action item`."""
    return gettext(kind.label)


def plural(kind: InsightKind) -> str:
    """Return the name of several insights of a kind: `Action items`."""
    return gettext(kind.plural)


def noun(kind: InsightKind, number: int) -> str:
    """Return the word behind a number of insights, as it is written inside a sentence: `action item` behind 1."""
    return gettext(kind.noun(number))


def choices() -> list[tuple[str, str]]:
    """Return the (name, label) pairs of all kinds."""
    return [(kind.name, label(kind)) for kind in kinds()]


def listed(word: str) -> str:
    """Return the plurals of all kinds as a part of a sentence: `questions, action items and follow-ups`. `word` is `and` or `or`."""
    *first, last = [noun(kind, 2) for kind in kinds()]
    if not first:
        return last
    pattern = pgettext("list", "%(first)s or %(last)s") if word == "or" else pgettext("list", "%(first)s and %(last)s")
    return pattern % {"first": ", ".join(first), "last": last}
