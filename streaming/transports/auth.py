"""Authentication of WebSocket handshakes (design law 6).

A token may come as `access_token` in the query, in `x-api-key` or `Authorization`, or as the offered subprotocol, which
real clients require to be echoed (Symbl fact sheet, section 1). The portal's session cookie counts only from our own origin,
because browsers send cookies from any page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings

from insights import access
from insights.access import Grant
from streaming.aio.database_executors import run_in_database

REFUSED = "Token validation failed for provided token."


@dataclass(frozen=True, slots=True)
class RequestCredentials:
    """The query, headers and subprotocols of a handshake or request, which may hold credentials."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    subprotocols: tuple[str, ...]

    @classmethod
    def from_scope(cls, scope: Mapping[str, Any]) -> "RequestCredentials":
        """Parse an ASGI scope; the last of repeated query keys counts."""
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        return cls(
            {key: values[-1] for key, values in query.items()},
            {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope.get("headers", [])},
            tuple(scope.get("subprotocols", ())),
        )

    @property
    def token(self) -> str:
        """The access token from any of the allowed places, or an empty text."""
        authorization = self.headers.get("authorization", "")
        bearer = authorization[7:].strip() if authorization[:7].lower() == "bearer " else authorization.strip()
        found = self.query.get("access_token") or self.headers.get("x-api-key") or bearer
        return found or (self.subprotocols[0] if self.subprotocols else "")

    @property
    def same_origin(self) -> bool:
        """Whether the Origin header is ours or trusted. Programs send no Origin, and no cookie either."""
        origin = self.headers.get("origin", "")
        if origin in settings.CSRF_TRUSTED_ORIGINS:
            return True
        try:
            return bool(origin) and urlsplit(origin).netloc == self.headers.get("host", "")
        except ValueError:  # such as http://[
            return False

    @property
    def session_key(self) -> str:
        """The key in the portal's session cookie, or an empty text."""
        try:
            cookies = SimpleCookie(self.headers.get("cookie", ""))
        except CookieError:
            return ""
        morsel = cookies.get(settings.SESSION_COOKIE_NAME)
        return morsel.value if morsel else ""


async def grant_of(credentials: RequestCredentials) -> Grant | None:
    """Return the grant of a client, or None for an anonymous one. An invalid token is anonymous, even beside a valid cookie."""
    if credentials.token:
        return await run_in_database(access.grant_for_token, credentials.token)
    if credentials.session_key and credentials.same_origin:
        return await run_in_database(access.grant_for_sign_in, credentials.session_key)
    return None
