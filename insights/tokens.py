"""Access tokens: signed, dated, and readable by the browsers' own base64. Knows nothing of the database.

The payload must survive `atob()` in clients that never translate base64url: it may hold neither `-` nor `_`. Those two
characters stand for six set bits (all, or all but the last), which plain text can only show as `>`, `?`, `~` or DEL.
None of our claims has one, so no token ever has them; `issue` checks that all the same.
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
    """Not a token of ours, or not valid any more."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a program gets for its credentials; `expires_in` is seconds."""

    access_token: str
    expires_in: int


def issue(app_id: str) -> Token:
    """Return a new token of an app, good for `TOKEN_HOURS`."""
    now, life = int(time.time()), settings.TOKEN_HOURS * 3600
    claims = {"iss": _ISSUER, "sub": app_id, "iat": now, "exp": now + life, "jti": uuid4().hex}
    text = jwt.encode(claims, _key(), _ALGORITHM)
    if set("-_") & set(text.split(".")[1]):
        raise ValueError("app_id: a token's payload may not need the characters - and _")
    return Token(text, life)


def app_id_of(token: str) -> str:
    """Return the app that a token was issued to. Raises InvalidToken where it is forged, foreign, spoilt or expired."""
    try:
        claims = jwt.decode(token, _key(), [_ALGORITHM], issuer=_ISSUER, options={"require": ["exp", "sub", "iat", "iss"]})
    except (jwt.InvalidTokenError, ValueError):
        raise InvalidToken("Token validation failed for provided token.") from None
    return str(claims["sub"])


def _key() -> bytes:
    """A key for tokens alone, so that nothing else that is signed with SECRET_KEY can pass for one."""
    return hmac.new(settings.SECRET_KEY.encode(), b"parley access token", hashlib.sha256).digest()
