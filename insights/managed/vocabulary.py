"""The vocabulary of an account: names and terms that every conversation of the account knows."""

from collections.abc import Sequence

from insights.managed import checks
from insights.managed.errors import Invalid
from insights.managed.locks import account_locked
from insights.models import AccountVocabulary

MOST = 1000
"""Phrases of one account."""


def vocabulary_of(owner_id: int) -> tuple[str, ...]:
    """Return the phrases of an account in the order in which they were given. One query."""
    phrases = AccountVocabulary.objects.filter(owner_id=owner_id).values_list("phrases", flat=True).first()
    return tuple(phrases or ())


def set_vocabulary(owner_id: int, phrases: Sequence[str]) -> tuple[str, ...]:
    """Replace the phrases of an account and return them. Raises Invalid."""
    kept = checks.texts("vocabulary", phrases, 0, MOST)
    for place, phrase in enumerate(kept):
        if not any(char.isalpha() for char in phrase):
            raise Invalid(f"vocabulary[{place}]: must have at least one letter")
    with account_locked(owner_id):
        AccountVocabulary.objects.update_or_create(owner_id=owner_id, defaults={"phrases": kept})
    return tuple(kept)
