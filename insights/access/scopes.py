"""Scopes of apps: what a token may be used for, and which scope a request needs. Sign-ins in the portal have all scopes.

- `stream`: speak in conversations and use streams (WebSocket, WebRTC, telephone).
- `read`: read conversations and subscribe to live ones.
- `write`: import, change and delete conversations.
- `manage`: trackers, entities, groups, vocabulary, voice profiles and webhooks of the account.
"""

import re
from typing import Literal, TypeAlias

from django.utils.translation import gettext_noop

from insights.models.apps import ALL_SCOPES

Scope: TypeAlias = Literal["stream", "read", "write", "manage"]
SCOPES: tuple[Scope, ...] = ("stream", "read", "write", "manage")
EVERY_SCOPE = frozenset(ALL_SCOPES.split())
MEANINGS: dict[Scope, str] = {
    "stream": gettext_noop("speak in conversations and use streams"),
    "read": gettext_noop("read conversations and subscribe to live ones"),
    "write": gettext_noop("import, change and delete conversations"),
    "manage": gettext_noop("change trackers, entities, groups, vocabulary, voice profiles and webhooks"),
}
_MANAGED = re.compile(r"/v1/(manage|webhooks)(/|$)")
_READS_BY_POST = re.compile(r"/v1/(conversations/[^/]+/transcript|exports)$")
"""Calls with POST that change no conversation."""


class MissingScope(Exception):
    """A token is valid, but its app lacks a scope. The text names it."""

    def __init__(self, scope: Scope, scopes: frozenset[str]) -> None:
        has = ", ".join(one for one in SCOPES if one in scopes)
        super().__init__(f"This call needs the scope {scope}, which the app of this token does not have. It has: {has}.")
        self.scope = scope


def scope_of_call(method: str, path: str) -> Scope:
    """Return the scope that a call of the REST API needs; `path` may be a route with parameters in braces."""
    if _MANAGED.match(path):
        return "read" if method in ("GET", "HEAD") and path.startswith("/v1/manage") else "manage"
    if method in ("GET", "HEAD", "OPTIONS") or _READS_BY_POST.match(path):
        return "read"
    return "write"


def check_scope(scope: Scope, scopes: frozenset[str]) -> None:
    """Raise MissingScope unless `scopes` contains it."""
    if scope not in scopes:
        raise MissingScope(scope, scopes)


def parse_scopes(text: str) -> frozenset[str]:
    """Return the scopes of the stored form, names separated by spaces."""
    return frozenset(text.split())


def join_scopes(scopes: frozenset[str]) -> str:
    """Return the stored form. Raises ValueError for none and for an unknown name."""
    if not scopes or not scopes <= EVERY_SCOPE:
        raise ValueError(f"scopes: at least one of {', '.join(SCOPES)} is needed, and no other name")
    return " ".join(one for one in SCOPES if one in scopes)
