"""Log lines of requests and WebSockets: refused ones with address and user, all others only at level DEBUG.

The lines are the same under both servers, whose own access logs are off. A line has the path without its query, which may hold tokens and
searched words. `config.log_filters.LogRateLimit` limits how many are written.
"""

import logging
from collections.abc import Awaitable
from typing import Any

from streaming.types.asgi import AsgiMessage, AsgiScope, AsgiSend

logger = logging.getLogger(__name__)

USER = "parley.user"
"""Key in the scope of a request: a dict whose `id` is the user who was authenticated. A dict, because the scope may be copied."""
PATH_LENGTH = 200
NORMAL_CLOSES = (1000, 1001, 1012, 3006)
"""Close codes that refuse nothing: done, going away, this server restarts (3006: for Symbl's JavaScript clients)."""


def address_of(scope: AsgiScope) -> str:
    """Return the address of the client, as `config.trusted_proxies` found it."""
    client = scope.get("client")
    return str(client[0]) if client else "an unknown address"


def printable_path(scope: AsgiScope) -> str:
    """Return the path without the query, on one line and of bounded length."""
    path = str(scope.get("path", ""))[:PATH_LENGTH]
    return "".join(char if char.isprintable() else "?" for char in path)


def log_http_status(scope: AsgiScope, send: AsgiSend) -> AsgiSend:
    """Return a `send` that logs the status of the response: 4xx and 5xx as a warning."""
    user: dict[str, int] = {}
    scope[USER] = user

    def logged(message: AsgiMessage) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            level = logging.WARNING if message["status"] >= 400 else logging.DEBUG
            _log(level, str(message["status"]), str(scope["method"]), scope, user.get("id"))
        return send(message)

    return logged


def log_refused_handshake(scope: AsgiScope) -> None:
    """Log a WebSocket handshake that is refused with 403."""
    _log(logging.WARNING, "403", "WebSocket", scope, None)


def log_close(scope: AsgiScope, code: int, user_id: int | None) -> None:
    """Log that the server closes a WebSocket: as a warning where the code is one of a refusal or a failure."""
    _log(logging.DEBUG if code in NORMAL_CLOSES else logging.WARNING, f"closed with {code}:", "WebSocket", scope, user_id)


def _log(level: int, status: str, method: str, scope: AsgiScope, user_id: Any) -> None:
    if logger.isEnabledFor(level):
        user = "anonymous" if user_id is None else f"user {user_id}"
        logger.log(level, "%s %s %s from %s, %s", status, method, printable_path(scope), address_of(scope), user)
