"""The option `--email` of commands that create an account."""

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.core.validators import validate_email

LONGEST = 150


def address_of(email: str) -> str:
    """Return the address in lower case. Raises CommandError for what is not an e-mail address, or is too long for a user name."""
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise CommandError(f"--email {email!r} is not an e-mail address") from None
    if len(address) > LONGEST:
        raise CommandError(f"--email has more than {LONGEST} characters")
    return address
