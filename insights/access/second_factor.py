"""Which accounts have a second factor: codes of an authenticator app, or a passkey. A password alone gets them no token."""

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User

_KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_second_factor(user: User) -> bool:
    """Return whether an account has a second factor."""
    return bool(Authenticator.objects.filter(user=user, type__in=_KINDS).exists())


def remove_second_factors(user: User) -> None:
    """Remove all second factors and recovery codes of an account, for a person who has lost them."""
    Authenticator.objects.filter(user=user).delete()


def factors_of(user: User) -> list[Authenticator]:
    """Return the second factors and the recovery codes of an account, oldest first."""
    return list(Authenticator.objects.filter(user=user).order_by("created_at"))
