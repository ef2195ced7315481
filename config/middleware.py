"""Middleware: returns database connections to the pool before the response body is sent, and gives the request log the user."""

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from insights.portal.function_middleware import GetResponse, response_middleware
from streaming.transports.http_auth import user_of_request
from streaming.transports.request_log import USER


def release_connections_before_sending(get_response: GetResponse) -> GetResponse:
    """Return the request's connections to the pool when the view returns; Django does so only after the client has read the response.

    So slow clients hold no connection. It must wrap all middleware that uses the database, sessions included. It has no effect on
    SQLite, whose connections are kept.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        try:
            return get_response(request)
        finally:
            for connection in connections.all(initialized_only=True):
                if connection.settings_dict["CONN_MAX_AGE"] == 0 and not connection.in_atomic_block:
                    connection.close()

    return middleware


def _with_user(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    noted = getattr(request, "scope", {}).get(USER)
    if response.status_code >= 400 and isinstance(noted, dict):
        noted["id"] = _user_id(request)
    return response


def _user_id(request: HttpRequest) -> object:
    """Return the id of the user of a token, of a stream's request, or of a session that was read already; else None."""
    by_token = getattr(request, "auth", None)
    if isinstance(by_token, User):
        return by_token.pk
    if (by_stream := user_of_request(request)) is not None:
        return by_stream
    session = getattr(request, "session", None)
    return session.get(SESSION_KEY) if session is not None and session.accessed else None


note_user_of_refused_request = response_middleware(_with_user)
"""Middleware that gives the request log the user of a 4xx or 5xx response. It uses what the view has loaded, and makes no query."""
