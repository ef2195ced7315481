"""The categories of personal data: Symbl's names of them, and the types of entities that they contain.

`CATEGORIES` is the only table of categories. A detector of another kind adds a member to `Kind` and a row here.
"""

from collections.abc import Collection
from dataclasses import dataclass

from insights.analysis.personal_data.types import Kind
from insights.snapshots import CUSTOM


@dataclass(frozen=True, slots=True)
class Category:
    """A category of personal data: Symbl's name of it, the group that Symbl calls its type, and our types of entities.

    `live`: whether live redaction hides it; redaction on reading hides all categories. `aliases`: other names that clients send.
    """

    name: str
    group: str
    types: frozenset[str]
    live: bool = True
    aliases: tuple[str, ...] = ()


def _category(name: str, group: str, *types: str, live: bool = True, aliases: tuple[str, ...] = ()) -> Category:
    return Category(name, group, frozenset(types), live, aliases)


CATEGORIES = (
    _category("PERSON_NAME", "PII", Kind.PERSON_NAME, aliases=("PERSON", "NAME")),
    _category("EMAIL_ADDRESS", "PII", Kind.EMAIL_ADDRESS, aliases=("EMAIL",)),
    _category("AGE", "PII", Kind.AGE),
    _category("PHONE_NUMBER", "PII", Kind.PHONE_NUMBER, aliases=("PHONE",)),
    _category("ADDRESS", "PII", Kind.ADDRESS),
    _category("LOCATION", "PII", Kind.LOCATION),
    _category("DATE_OF_BIRTH", "PII", Kind.DATE_OF_BIRTH, aliases=("DOB",)),
    _category("SSN", "National ID", Kind.SSN, aliases=("SOCIAL_SECURITY_NUMBER", "US_SSN")),
    _category("PASSPORT_NUMBER", "National ID", Kind.PASSPORT_NUMBER, aliases=("PASSPORT", "US_PASSPORT")),
    _category("DRIVERS_LICENSE", "National ID", Kind.DRIVERS_LICENSE, aliases=("DRIVER_LICENSE", "US_DRIVER_LICENSE")),
    _category("CREDIT_CARD_NUMBER", "PCI", Kind.CREDIT_CARD_NUMBER, aliases=("CREDIT_CARD", "DEBIT_CARD_NUMBER")),
    _category("CVV", "PCI", Kind.CVV),
    _category("CARD_EXPIRATION_DATE", "PCI", Kind.CARD_EXPIRATION_DATE, aliases=("EXPIRATION_DATE",)),
    _category("PIN", "PCI", Kind.PIN),
    _category("IBAN", "PCI", Kind.IBAN, aliases=("IBAN_CODE",)),
    _category("SWIFT_CODE", "PCI", Kind.SWIFT_CODE, aliases=("SWIFT", "BIC")),
    _category("ROUTING_NUMBER", "PCI", Kind.ROUTING_NUMBER, aliases=("BANK_ROUTING", "US_BANK_ROUTING")),
    _category("BANK_ACCOUNT_NUMBER", "PCI", Kind.BANK_ACCOUNT_NUMBER, aliases=("BANK_ACCOUNT", "US_BANK_NUMBER")),
    _category("NUMBER", "PII", Kind.NUMBER),
    _category("DATE", "General", Kind.DATE, "datetime", "daterange"),
    _category("URL", "General", Kind.DOMAIN_NAME, aliases=("DOMAIN_NAME",)),
    _category("MONEY", "General", Kind.MONEY, live=False),
    _category("CUSTOM", "Custom", CUSTOM, live=False),
)

_BY_TYPE = {kind: category for category in CATEGORIES for kind in category.types}
_BY_NAME = {name: category for category in CATEGORIES for name in (category.name, *category.aliases)}

LIVE_TYPES = frozenset(kind for category in CATEGORIES if category.live for kind in category.types)
"""The types that live redaction hides."""


def category_of(kind: str) -> Category | None:
    """Return the category of an entity type; None for entities that are no personal data."""
    return _BY_TYPE.get(kind)


def category_named(name: str) -> Category | None:
    """Return the category with this name or alias, in any case; None if there is none."""
    return _BY_NAME.get(name.strip().upper())


def types_without(excluded: Collection[Category]) -> frozenset[str]:
    """Return the types of all categories but the excluded ones."""
    return frozenset(kind for category in CATEGORIES if category not in excluded for kind in category.types)
