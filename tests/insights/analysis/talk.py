"""Helpers of the tests of insights/analysis."""

from datetime import UTC, datetime

from insights.analysis import Person, Said

NOW = datetime(2026, 11, 18, 10, 30, tzinfo=UTC)
"""A Wednesday morning."""

JANE = Person("Jane Doe", "jane.doe@example.com", "jane.doe@example.com")
BOB = Person("Bob Stone", "bob@example.com")


def said(text: str, person: Person = BOB, index: int = 0) -> Said:
    """Return a message at NOW."""
    return Said(text, person.user_id, NOW, person.name, person.user_id, index)
