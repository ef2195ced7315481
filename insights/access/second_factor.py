"""Which accounts have a second factor: codes of an authenticator app, or a passkey. A password alone gets them no token.

The keys of authenticator apps and the seeds of recovery codes are encrypted in the database (`insights.encryption`).
"""

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User

from insights.encryption import NotDecryptable, decrypt, encrypt

_KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
_PURPOSE = "second factor"
_MARK = "encrypted:"
"""How encrypted keys begin. A key without it is readable: a process of an earlier version stored it during an upgrade."""


def has_second_factor(user: User) -> bool:
    """Return whether an account has a second factor."""
    return bool(Authenticator.objects.filter(user=user, type__in=_KINDS).exists())


def remove_second_factors(user: User) -> None:
    """Remove all second factors and recovery codes of an account, for a person who has lost them."""
    Authenticator.objects.filter(user=user).delete()


def factors_of(user: User) -> list[Authenticator]:
    """Return the second factors and the recovery codes of an account, oldest first."""
    return list(Authenticator.objects.filter(user=user).order_by("created_at"))


def recovery_codes_left(factors: list[Authenticator]) -> int | None:
    """Return how many recovery codes are unused; None without any, or if they cannot be read because SECRET_KEY has changed."""
    for one in factors:
        if one.type == Authenticator.Type.RECOVERY_CODES:
            try:
                return len(one.wrap().get_unused_codes())
            except NotDecryptable:
                return None
    return None


def encrypted_key(key: str) -> str:
    """Return the key of an authenticator app, or the seed of recovery codes, as it is stored."""
    return key if key.startswith(_MARK) else _MARK + encrypt(key.encode(), _PURPOSE).decode()


def readable_key(stored: str) -> str:
    """Return the key that was passed to `encrypted_key`. Raises NotDecryptable."""
    return decrypt(stored.removeprefix(_MARK).encode(), _PURPOSE).decode() if stored.startswith(_MARK) else stored
