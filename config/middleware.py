"""Middleware that returns database connections to the pool before the response body is sent."""

from collections.abc import Callable

from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]


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
