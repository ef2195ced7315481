"""Authentication of API requests: a token in a header or in the query, or the portal's session cookie."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from ninja.errors import AuthenticationError
from ninja.security import APIKeyHeader, APIKeyQuery, HttpBearer, SessionAuth

from insights import access, queries
from insights.access.request_grants import note_token
from insights.api.errors import ApiError, not_found
from insights.models import AccessLevel, Conversation


def _owner(request: HttpRequest, token: str | None) -> User | None:
    """Return the user of a token, None without a token. An invalid token raises AuthenticationError, even if a cookie would be valid.

    Raises MissingScope, which is answered with 403, if the token's app may not make this call.
    """
    if not token:
        return None
    app = access.app_of_token(token)
    if app is None:
        raise AuthenticationError()
    access.check_scope(access.scope_of_call(request.method or "", request.path), access.parse_scopes(app.scopes))
    note_token(request, token)
    return app.owner


class Bearer(HttpBearer):
    """`Authorization: Bearer <token>`, the documented scheme."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        """Return the token's user."""
        return _owner(request, token)


class ApiKey(APIKeyHeader):
    """`x-api-key: <token>`, as Symbl's published SDKs send it."""

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


class SignIn(SessionAuth):
    """The portal's session cookie, with the CSRF token for writes; a request without the cookie is only not authenticated."""

    def _get_key(self, request: HttpRequest) -> str | None:
        """Return the session key. Raises HttpError 403 if the cookie comes without the CSRF token that a write needs."""
        return super()._get_key(request) if self.param_name in request.COOKIES else None


CALLERS = [Bearer(), ApiKey(), QueryToken(), SignIn()]


def caller(request: HttpRequest) -> User:
    """Return the authenticated user of a request. Raises AuthenticationError without one."""
    user = getattr(request, "auth", None)
    if not isinstance(user, User):
        raise AuthenticationError()
    return user


def conversation(request: HttpRequest, conversation_id: str, level: AccessLevel | None = None) -> Conversation:
    """Return a conversation that the caller may see.

    `level`: what the caller must be allowed. Default: by the method of the request, so that only owners delete and readers change nothing.
    Raises 404 for an unknown conversation and for any other, with the same message, and 403 if it was shared with a lower level.
    """
    found = queries.conversation_for(caller(request).pk, conversation_id)
    allowed = None if found is None else access.access_of(caller(request), found)
    if found is None or allowed is None:
        raise not_found()
    needed = _LEVELS.get(request.method or "", AccessLevel.EDIT) if level is None else level
    if allowed < needed:
        raise ApiError(403, _TOO_LOW[needed])
    return found


_LEVELS = {"GET": AccessLevel.READ, "HEAD": AccessLevel.READ, "DELETE": AccessLevel.OWN}
_TOO_LOW = {
    AccessLevel.EDIT: "You may read this conversation, but not change it. Its owner can let you edit it.",
    AccessLevel.OWN: "Only the owner of this conversation may do this.",
}
