"""The kinds of personal data, and a span of it in a message."""

from dataclasses import dataclass
from enum import StrEnum


class PersonalDataKind(StrEnum):
    """What a span of personal data is; the value is the type of its entity."""

    CREDIT_CARD_NUMBER = "CREDIT_CARD_NUMBER"
    CVV = "CVV"
    CARD_EXPIRATION_DATE = "CARD_EXPIRATION_DATE"
    PIN = "PIN"
    IBAN = "IBAN"
    SWIFT_CODE = "SWIFT_CODE"
    ROUTING_NUMBER = "ROUTING_NUMBER"
    BANK_ACCOUNT_NUMBER = "BANK_ACCOUNT_NUMBER"
    PERSON_NAME = "person"
    EMAIL_ADDRESS = "email"
    AGE = "AGE"
    PHONE_NUMBER = "phone"
    ADDRESS = "ADDRESS"
    DATE_OF_BIRTH = "DATE_OF_BIRTH"
    SSN = "SSN"
    PASSPORT_NUMBER = "PASSPORT_NUMBER"
    DRIVERS_LICENSE = "DRIVERS_LICENSE"
    DATE = "date"
    DOMAIN_NAME = "url"
    LOCATION = "location"
    MONEY = "money"
    NUMBER = "number"
    """A long number or code of unknown meaning."""


@dataclass(frozen=True, slots=True)
class PersonalData:
    """A span of a message, `end` exclusive."""

    start: int
    end: int
    kind: PersonalDataKind
