"""By what a request was let in: the access token that the API took, else the portal's sign-in."""

from django.http import HttpRequest

from insights import access
from insights.access import Grant

_TOKEN = "parley_token"  # noqa: S105


def note_token(request: HttpRequest, token: str) -> None:
    """Note that an access token let a request in."""
    setattr(request, _TOKEN, token)


def grant_of_request(request: HttpRequest) -> Grant | None:
    """Return the pass that let a request in, None where that no longer holds. One query, or two."""
    token = getattr(request, _TOKEN, None)
    if isinstance(token, str):
        return access.grant_for_token(token)
    key = request.session.session_key if hasattr(request, "session") else None
    return access.grant_for_sign_in(key) if key else None
