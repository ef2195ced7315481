"""Who asks: a token in any of the places where clients put it, or the portal's own cookie."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from ninja.errors import AuthenticationError
from ninja.security import APIKeyHeader, APIKeyQuery, HttpBearer, SessionAuth

from insights import access, queries
from insights.access.request_grants import note_token
from insights.api.errors import not_found
from insights.models import Conversation


def _owner(request: HttpRequest, token: str | None) -> User | None:
    """Return whom a token speaks for, None without a token. A wrong token is refused even where a cookie would do."""
    if not token:
        return None
    user = access.user_of_token(token)
    if user is None:
        raise AuthenticationError()
    note_token(request, token)
    return user


class Bearer(HttpBearer):
    """`Authorization: Bearer <token>`, the documented way."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        """Return the token's user."""
        return _owner(request, token)


class ApiKey(APIKeyHeader):
    """`x-api-key: <token>`, what the published SDKs send."""

    param_name = "x-api-key"

    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:
        """Return the token's user."""
        return _owner(request, key)


class QueryToken(APIKeyQuery):
    """`?access_token=<token>`, for links."""

    param_name = "access_token"

    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:
        """Return the token's user."""
        return _owner(request, key)


CALLERS = [Bearer(), ApiKey(), QueryToken(), SessionAuth()]


def caller(request: HttpRequest) -> User:
    """Return who asks; the API has let nobody else in."""
    user = getattr(request, "auth", None)
    if not isinstance(user, User):
        raise AuthenticationError()
    return user


def conversation(request: HttpRequest, conversation_id: str) -> Conversation:
    """Return a conversation of the caller. Raises the 404 of an unknown one for everybody else's too."""
    found = queries.conversation_for(caller(request).pk, conversation_id)
    if found is None or not access.may_see(caller(request), found):
        raise not_found()
    return found
