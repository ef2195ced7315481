"""Grants: the token or sign-in by which a connection was authenticated, and whether it is still valid."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from insights.access.apps import app_of_token, has_current_password, usable
from insights.access.links import usable_links
from insights.access.scopes import EVERY_SCOPE, parse_scopes
from insights.access.sharing import Place, levels_at
from insights.models import AccessLevel, App

MOST_SIGN_INS = 1000
"""Expired sign-ins that one call removes at most."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The user that a connection acts for, and the app (token) or sign-in that allows it: one of `app_id` and `session_key` is set.

    `generation` is that of the token; `scopes` are those of the app, and all for a sign-in. A guest has neither app nor sign-in, but an
    invitation; `user_id` is then the owner of the conversation.

    With a `conversation_id` the grant is for that conversation only, and valid while its user has `level` there, or while the invitation
    `link_id` is valid. Without one it is for the conversations of its user.
    """

    user_id: int
    app_id: str = ""
    session_key: str = field(default="", repr=False)
    generation: int = 0
    scopes: frozenset[str] = EVERY_SCOPE
    conversation_id: int | None = None
    level: AccessLevel = AccessLevel.READ
    link_id: UUID | None = None
    guest: bool = False


def grant_for_token(token: str) -> Grant | None:
    """Return the grant of an access token; None if the token is not valid."""
    app = app_of_token(token)
    if app is None:
        return None
    return Grant(app.owner_id, app_id=app.app_id, generation=app.token_generation, scopes=parse_scopes(app.scopes))


def grant_for_sign_in(session_key: str) -> Grant | None:
    """Return the grant of a sign-in by the session key in its cookie, with Django's own checks; None if it is not valid."""
    row = Session.objects.filter(session_key=session_key, expire_date__gt=timezone.now()).first() if "\x00" not in session_key else None
    users = signed_in_users([row] if row else [])
    return Grant(users[session_key].pk, session_key=session_key) if users else None


def valid_grants(grants: Collection[Grant]) -> set[Grant]:
    """Return the grants that are still valid. At most seven queries for any number of grants; three where no conversation is shared.

    A grant ends when its app expires, is revoked or loses a scope, its app's tokens are revoked, its account is disabled or removed, its
    user signs out, the password changes, a share ends or gives less, its user leaves a team, or an invitation is withdrawn. It does not end
    when the token, the sign-in or the invitation expires, so that no live session is cut off for that.
    """
    app_ids = {one.app_id for one in grants if one.app_id}
    keys = {one.session_key for one in grants if one.session_key}
    apps = App.objects.filter(usable(timezone.now()), app_id__in=app_ids).select_related("owner") if app_ids else ()
    usable_apps = {(app.app_id, app.token_generation): app for app in apps if has_current_password(app)}
    users = signed_in_users(Session.objects.filter(session_key__in=keys)) if keys else {}
    signed_in = {key: user.pk for key, user in users.items()}
    authentic = {one for one in grants if one.guest or one.user_id == _acts_for(one, usable_apps, signed_in)}
    return {one for one in authentic if one.conversation_id is None} | _still_shared([one for one in authentic if one.conversation_id])


def _acts_for(one: Grant, usable_apps: Mapping[tuple[str, int], App], signed_in: Mapping[str, int]) -> int | None:
    """Return the account that a token, whose app still has all scopes of the grant, or a sign-in acts for."""
    if not one.app_id:
        return signed_in.get(one.session_key)
    app = usable_apps.get((one.app_id, one.generation))
    return app.owner_id if app is not None and one.scopes <= parse_scopes(app.scopes) else None


def _still_shared(grants: Collection[Grant]) -> set[Grant]:
    """Return those of the grants for one conversation each that its shares and invitations still allow.

    An invitation gives the level of its kind to guests, and to accounts as long as the share that they got by it has not ended.
    """
    levels = levels_at({_place(one) for one in grants if not one.guest})
    links = usable_links({(one.link_id, one.guest) for one in grants if one.link_id})

    def holds(one: Grant) -> bool:
        invited = one.link_id is not None and (one.link_id, one.guest) in links
        if one.guest:
            return invited
        return levels.get(_place(one), 0) >= (AccessLevel.READ if invited else one.level)

    return {one for one in grants if holds(one)}


def _place(one: Grant) -> Place:
    return Place(one.user_id, one.conversation_id or 0)


def forget_sign_ins(now: datetime, most: int = MOST_SIGN_INS) -> int:
    """Remove at most `most` sign-ins that expired at least a day ago; return how many were removed.

    They are kept for a day because a live session may outlast the sign-in that it started with.
    """
    over = Session.objects.filter(expire_date__lt=now - timedelta(days=1)).order_by("expire_date").values_list("pk", flat=True)
    keys = list(over[:most])
    UserSession.objects.filter(session_key__in=keys).delete()
    return Session.objects.filter(pk__in=keys).delete()[0]


def signed_in_users(rows: Iterable[Session]) -> Mapping[str, User]:
    """Return the signed-in user of each of these Django sessions, by session key."""
    kept = {row.session_key: row.get_decoded() for row in rows}
    ids = {int(data[SESSION_KEY]) for data in kept.values() if str(data.get(SESSION_KEY, "")).isdecimal()}
    users = {str(user.pk): user for user in User.objects.filter(pk__in=ids, is_active=True)} if ids else {}
    return {key: user for key, data in kept.items() if (user := users.get(str(data.get(SESSION_KEY)))) and _is_valid(data, user)}


def _is_valid(data: Mapping[str, Any], user: User) -> bool:
    known = data.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
    return known and constant_time_compare(data.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
