"""E-mail addresses of accounts and their confirmation (the table of django-allauth).

An account's user name is its address. An address that an administrator entered counts as confirmed; one that a person typed at sign-up,
or wants to change to, is confirmed with a link.
"""

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User

from insights.database import write_transaction


def confirm_address(user: User) -> None:
    """Store the address of an account as its only one, and as confirmed. An unconfirmed row of another account stays unconfirmed."""
    address = (user.email or user.username).lower()
    if "@" not in address:
        return
    with write_transaction():
        EmailAddress.objects.filter(user=user).exclude(email=address).delete()
        taken = EmailAddress.objects.filter(email=address, verified=True).exclude(user=user).exists()
        EmailAddress.objects.update_or_create(user=user, email=address, defaults={"verified": not taken, "primary": True})


def awaits_confirmation(user: User) -> bool:
    """Return whether an account has typed an address itself and has not confirmed one yet. It cannot sign in."""
    rows = EmailAddress.objects.filter(user=user).values_list("verified", flat=True)
    return bool(rows) and not any(rows)


def is_taken(address: str, but: User | None = None) -> bool:
    """Return whether another account signs in with this address."""
    return User.objects.filter(username__iexact=address).exclude(pk=(but.pk if but else 0) or 0).exists()


def follow_address(user: User, address: str) -> None:
    """Make a newly confirmed address the user name, with which the account signs in."""
    User.objects.filter(pk=user.pk).update(username=address.lower(), email=address.lower())
