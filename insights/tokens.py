"""Access and refresh tokens: JWTs, signed with HMAC, with an expiry. No database access.

The text of a token follows from its claims, so that the same token can be made again in any process.

Some clients decode the payload with the browser's `atob()` and do not translate base64url, so it must contain neither `-` nor `_`. Those
two characters encode the bits 111110 and 111111, which in ASCII text need one of the characters `>`, `?`, `~` or DEL. No claim of ours
contains one of them; `encode` checks this.
"""

import hashlib
import hmac
import time
from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import uuid4

import jwt
from django.conf import settings

_ALGORITHM = "HS256"
_ISSUER = "parley"
REFRESH_S = 30 * 86_400
"""Lifetime of a refresh token."""

Use: TypeAlias = Literal["access", "refresh"]


class InvalidToken(Exception):
    """The token was not issued here, has expired, or is of another use."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An access token; `expires_in` is seconds. `refresh_token` is empty if there is none."""

    access_token: str
    expires_in: int
    refresh_token: str = ""


@dataclass(frozen=True, slots=True)
class Claims:
    """The contents of a token. Times are seconds since 1970; `generation` is that of the app's tokens when it was issued."""

    app_id: str
    id: str
    issued_at: int
    expires_at: int
    generation: int = 0
    use: Use = "access"


def new_claims(app_id: str, generation: int = 0) -> Claims:
    """Return the claims of a new access token, valid for `TOKEN_HOURS` hours."""
    now = int(time.time())
    return Claims(app_id, uuid4().hex, now, now + settings.TOKEN_HOURS * 3600, generation)


def encode(claims: Claims) -> str:
    """Return the token with these claims, always the same."""
    payload = {"iss": _ISSUER, "sub": claims.app_id, "iat": claims.issued_at, "exp": claims.expires_at, "jti": claims.id}
    payload |= {"gen": claims.generation} if claims.generation else {}
    payload |= {"use": claims.use} if claims.use != "access" else {}
    text = jwt.encode(payload, _key(), _ALGORITHM)
    if set("-_") & set(text.split(".")[1]):
        raise ValueError("app_id: a token's payload may not need the characters - and _")
    return text


def decode(token: str, use: Use = "access") -> Claims:
    """Return the claims of a token. Raises InvalidToken if the signature, issuer, format, expiry or use is wrong."""
    try:
        claims = jwt.decode(token, _key(), [_ALGORITHM], issuer=_ISSUER, options={"require": ["exp", "sub", "iat", "iss"]})
        generation = int(claims.get("gen", 0))
    except (jwt.InvalidTokenError, ValueError, TypeError):
        raise InvalidToken("Token validation failed for provided token.") from None
    if claims.get("use", "access") != use:
        raise InvalidToken("Token validation failed for provided token.")
    return Claims(str(claims["sub"]), str(claims.get("jti", "")), int(claims["iat"]), int(claims["exp"]), generation, use)


def _key() -> bytes:
    """Return a key that only tokens use, so that no other text signed with SECRET_KEY is accepted as a token."""
    return hmac.new(settings.SECRET_KEY.encode(), b"parley access token", hashlib.sha256).digest()
