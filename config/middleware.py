"""Connections to the database are lent for as long as an answer is made, not for as long as it takes a client to read it."""

from collections.abc import Callable

from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Answer = Callable[[HttpRequest], HttpResponseBase]


def lent_while_answering(get_response: Answer) -> Answer:
    """Hand the request's connection back to the pool before the answer is sent: Django does so once it was read to its end.

    So clients that do not read hold no connection. It stands outside of all that uses the database, sessions included. On SQLite,
    whose connections are kept, it changes nothing.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        try:
            return get_response(request)
        finally:
            for connection in connections.all(initialized_only=True):
                if connection.settings_dict["CONN_MAX_AGE"] == 0 and not connection.in_atomic_block:
                    connection.close()

    return answer
