"""Access tokens: JWTs, signed with HMAC, with an expiry. No database access.

Some clients decode the payload with the browser's `atob()` and do not translate base64url, so it must contain neither `-` nor `_`. Those
two characters encode the bits 111110 and 111111, which in ASCII text need one of the characters `>`, `?`, `~` or DEL. No claim of ours
contains one of them; `issue` checks this.
"""

import hashlib
import hmac
import time
from dataclasses import dataclass
from uuid import uuid4

import jwt
from django.conf import settings

_ALGORITHM = "HS256"
_ISSUER = "parley"


class InvalidToken(Exception):
    """The token was not issued here, or has expired."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token; `expires_in` is seconds."""

    access_token: str
    expires_in: int


def issue(app_id: str) -> Token:
    """Return a new token of an app, valid for `TOKEN_HOURS` hours."""
    now, life = int(time.time()), settings.TOKEN_HOURS * 3600
    claims = {"iss": _ISSUER, "sub": app_id, "iat": now, "exp": now + life, "jti": uuid4().hex}
    text = jwt.encode(claims, _key(), _ALGORITHM)
    if set("-_") & set(text.split(".")[1]):
        raise ValueError("app_id: a token's payload may not need the characters - and _")
    return Token(text, life)


def app_id_of(token: str) -> str:
    """Return the id of the app that a token was issued to. Raises InvalidToken if the signature, issuer, format or expiry is wrong."""
    try:
        claims = jwt.decode(token, _key(), [_ALGORITHM], issuer=_ISSUER, options={"require": ["exp", "sub", "iat", "iss"]})
    except (jwt.InvalidTokenError, ValueError):
        raise InvalidToken("Token validation failed for provided token.") from None
    return str(claims["sub"])


def _key() -> bytes:
    """Return a key that only tokens use, so that no other text signed with SECRET_KEY is accepted as a token."""
    return hmac.new(settings.SECRET_KEY.encode(), b"parley access token", hashlib.sha256).digest()
