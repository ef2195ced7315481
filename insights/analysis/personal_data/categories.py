"""The categories of personal data: Symbl's names of them, and the types of entities that they contain.

`CATEGORIES` is the only table of categories. A detector of another kind adds a member to `PersonalDataKind` and a row here.
"""

from collections.abc import Collection
from dataclasses import dataclass

from insights.analysis.personal_data.personal_data_kinds import PersonalDataKind
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
    _category("PERSON_NAME", "PII", PersonalDataKind.PERSON_NAME, aliases=("PERSON", "NAME")),
    _category("EMAIL_ADDRESS", "PII", PersonalDataKind.EMAIL_ADDRESS, aliases=("EMAIL",)),
    _category("AGE", "PII", PersonalDataKind.AGE),
    _category("PHONE_NUMBER", "PII", PersonalDataKind.PHONE_NUMBER, aliases=("PHONE",)),
    _category("ADDRESS", "PII", PersonalDataKind.ADDRESS),
    _category("LOCATION", "PII", PersonalDataKind.LOCATION),
    _category("DATE_OF_BIRTH", "PII", PersonalDataKind.DATE_OF_BIRTH, aliases=("DOB",)),
    _category("SSN", "National ID", PersonalDataKind.SSN, aliases=("SOCIAL_SECURITY_NUMBER", "US_SSN")),
    _category("PASSPORT_NUMBER", "National ID", PersonalDataKind.PASSPORT_NUMBER, aliases=("PASSPORT", "US_PASSPORT")),
    _category("DRIVERS_LICENSE", "National ID", PersonalDataKind.DRIVERS_LICENSE, aliases=("DRIVER_LICENSE", "US_DRIVER_LICENSE")),
    _category("CREDIT_CARD_NUMBER", "PCI", PersonalDataKind.CREDIT_CARD_NUMBER, aliases=("CREDIT_CARD", "DEBIT_CARD_NUMBER")),
    _category("CVV", "PCI", PersonalDataKind.CVV),
    _category("CARD_EXPIRATION_DATE", "PCI", PersonalDataKind.CARD_EXPIRATION_DATE, aliases=("EXPIRATION_DATE",)),
    _category("PIN", "PCI", PersonalDataKind.PIN),
    _category("IBAN", "PCI", PersonalDataKind.IBAN, aliases=("IBAN_CODE",)),
    _category("SWIFT_CODE", "PCI", PersonalDataKind.SWIFT_CODE, aliases=("SWIFT", "BIC")),
    _category("ROUTING_NUMBER", "PCI", PersonalDataKind.ROUTING_NUMBER, aliases=("BANK_ROUTING", "US_BANK_ROUTING")),
    _category("BANK_ACCOUNT_NUMBER", "PCI", PersonalDataKind.BANK_ACCOUNT_NUMBER, aliases=("BANK_ACCOUNT", "US_BANK_NUMBER")),
    _category("NUMBER", "PII", PersonalDataKind.NUMBER),
    _category("DATE", "General", PersonalDataKind.DATE, "datetime", "daterange"),
    _category("URL", "General", PersonalDataKind.DOMAIN_NAME, aliases=("DOMAIN_NAME",)),
    _category("MONEY", "General", PersonalDataKind.MONEY, live=False),
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
