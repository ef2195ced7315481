"""The grant of a request: its access token if the API accepted one, else the portal's sign-in."""

from django.http import HttpRequest

from insights import access
from insights.access import Grant

_TOKEN = "parley_token"  # noqa: S105


def note_token(request: HttpRequest, token: str) -> None:
    """Store the access token that authenticated a request."""
    setattr(request, _TOKEN, token)


def grant_of_request(request: HttpRequest) -> Grant | None:
    """Return the grant of a request, None if it is no longer valid. One or two queries."""
    token = getattr(request, _TOKEN, None)
    if isinstance(token, str):
        return access.grant_for_token(token)
    key = request.session.session_key if hasattr(request, "session") else None
    return access.grant_for_sign_in(key) if key else None
