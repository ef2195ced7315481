"""The categories of personal data."""

from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """The categories of personal data, by the names that clients see."""

    CREDIT_CARD_NUMBER = "CREDIT_CARD_NUMBER"
    CVV = "CVV"
    CARD_EXPIRATION_DATE = "CARD_EXPIRATION_DATE"
    PIN = "PIN"
    IBAN = "IBAN"
    SWIFT_CODE = "SWIFT_CODE"
    ROUTING_NUMBER = "ROUTING_NUMBER"
    BANK_ACCOUNT_NUMBER = "BANK_ACCOUNT_NUMBER"
    PERSON_NAME = "PERSON_NAME"
    EMAIL_ADDRESS = "EMAIL_ADDRESS"
    AGE = "AGE"
    PHONE_NUMBER = "PHONE_NUMBER"
    ADDRESS = "ADDRESS"
    DATE_OF_BIRTH = "DATE_OF_BIRTH"
    SSN = "SSN"
    PASSPORT_NUMBER = "PASSPORT_NUMBER"
    DRIVERS_LICENSE = "DRIVERS_LICENSE"
    DATE = "DATE"
    DOMAIN_NAME = "DOMAIN_NAME"
    LOCATION = "LOCATION"
    NUMBER = "NUMBER"
    """A long number or code of unknown meaning."""

    @property
    def entity_type(self) -> str:
        """The type of an entity of this category: the usual word where there is one ("person"), else Symbl's name ("SSN")."""
        return _ENTITY_TYPES.get(self, self.value)


_ENTITY_TYPES = {
    Category.PERSON_NAME: "person",
    Category.LOCATION: "location",
    Category.EMAIL_ADDRESS: "email",
    Category.PHONE_NUMBER: "phone",
    Category.DOMAIN_NAME: "url",
    Category.DATE: "date",
    Category.NUMBER: "number",
}


@dataclass(frozen=True, slots=True)
class PersonalData:
    """A span of a message, `end` exclusive."""

    start: int
    end: int
    category: Category
