"""Passes: why a connection was let in, by an app's token or by a sign-in at the portal, and whether that still holds."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from insights.access.apps import app_of_token
from insights.models import App

MOST_SIGN_INS = 1000
"""Sign-ins that are removed at a time."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Whom a connection acts for, and by what: one of `app_id` and `session_key` is not empty."""

    user_id: int
    app_id: str = ""
    session_key: str = field(default="", repr=False)


def grant_for_token(token: str) -> Grant | None:
    """Return the pass of an access token; None where it lets nobody in."""
    app = app_of_token(token)
    return Grant(app.owner_id, app_id=app.app_id) if app else None


def grant_for_sign_in(session_key: str) -> Grant | None:
    """Return the pass of a sign-in by the key in its cookie, checked as Django does it; None where it lets nobody in."""
    row = Session.objects.filter(session_key=session_key, expire_date__gt=timezone.now()).first() if "\x00" not in session_key else None
    users = _signed_in([row] if row else [])
    return Grant(users[session_key].pk, session_key=session_key) if users else None


def valid_grants(passes: Collection[Grant]) -> set[Grant]:
    """Return those of the passes that still let somebody in. Three queries at most, for any number of them.

    An app that was revoked, an account that was disabled or removed, a sign-out and a new password end a pass. A sign-in that merely
    became too old does not: nobody is cut off in mid-sentence.
    """
    app_ids = {one.app_id for one in passes if one.app_id}
    keys = {one.session_key for one in passes if one.session_key}
    apps = App.objects.filter(app_id__in=app_ids, revoked_at=None, owner__is_active=True)
    owners = dict(apps.values_list("app_id", "owner_id")) if app_ids else {}
    users = _signed_in(Session.objects.filter(session_key__in=keys)) if keys else {}
    signed_in = {key: user.pk for key, user in users.items()}
    return {one for one in passes if one.user_id == (owners.get(one.app_id) if one.app_id else signed_in.get(one.session_key))}


def forget_sign_ins(now: datetime, most: int = MOST_SIGN_INS) -> int:
    """Remove the portal's sign-ins that ended a day ago or earlier, `most` of them at most; return how many they were.

    A day, because a conversation that somebody holds by a sign-in may outlast it.
    """
    over = Session.objects.filter(expire_date__lt=now - timedelta(days=1)).order_by("expire_date").values_list("pk", flat=True)
    return Session.objects.filter(pk__in=list(over[:most])).delete()[0]


def _signed_in(rows: Iterable[Session]) -> Mapping[str, User]:
    """Return who is signed in by each of these sessions, by session key."""
    kept: dict[str, dict[str, Any]] = {row.session_key: row.get_decoded() for row in rows}
    ids = {int(data[SESSION_KEY]) for data in kept.values() if str(data.get(SESSION_KEY, "")).isdecimal()}
    users = {str(user.pk): user for user in User.objects.filter(pk__in=ids, is_active=True)} if ids else {}
    return {key: user for key, data in kept.items() if (user := users.get(str(data.get(SESSION_KEY)))) and _holds(data, user)}


def _holds(data: Mapping[str, Any], user: User) -> bool:
    known = data.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
    return known and constant_time_compare(data.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
