"""Grants: by what credential a connection was allowed, and whether that credential is still valid."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from insights import access
from insights.access import Grant
from insights.models import App


def sign_in(user: User) -> Client:
    """Return a browser that is signed in to the account."""
    browser = Client()
    browser.force_login(user)
    return browser


def key_of(browser: Client) -> str:
    """Return the key in the browser's cookie."""
    return str(browser.cookies[settings.SESSION_COOKIE_NAME].value)


def by_token(user: User) -> Grant:
    """Return the grant of a new app's token."""
    app, secret = access.create_app(user, "test")
    found = access.grant_for_token(access.token_for(app.app_id, secret).access_token)
    assert found == Grant(user.pk, app_id=app.app_id)
    return found


def by_sign_in(browser: Client) -> Grant:
    """Return the grant of a browser's sign-in."""
    found = access.grant_for_sign_in(key_of(browser))
    assert found is not None
    return found


def test_a_grant_stays_valid_without_changes(user: User, other_user: User) -> None:
    """Checking tokens and sign-ins of several accounts together takes three queries for any number of them."""
    passes = [*(by_token(who) for who in (user, user, other_user)), *(by_sign_in(sign_in(who)) for who in (user, other_user, other_user))]
    with CaptureQueriesContext(connection) as queries:
        assert access.valid_grants(passes) == set(passes)
    assert len(queries) == 3
    with CaptureQueriesContext(connection) as queries:
        assert access.valid_grants([]) == set()
    assert len(queries) == 0


def test_a_revoked_app_ends_only_its_own_grants(user: User) -> None:
    """Grants of the account's other app and of its browser stay valid."""
    revoked, other, browser = by_token(user), by_token(user), by_sign_in(sign_in(user))
    App.objects.filter(app_id=revoked.app_id).update(revoked_at=timezone.now())
    assert access.valid_grants([revoked, other, browser]) == {other, browser}


@pytest.mark.parametrize("way", ["disabled", "removed"])
def test_disabling_or_deleting_an_account_ends_all_its_grants(user: User, other_user: User, way: str) -> None:
    """A disabled account and a deleted account both end every grant."""
    passes, others = {by_token(user), by_sign_in(sign_in(user))}, {by_token(other_user), by_sign_in(sign_in(other_user))}
    if way == "disabled":
        User.objects.filter(pk=user.pk).update(is_active=False)
    else:
        user.delete()
    assert access.valid_grants(passes | others) == others


def test_signing_out_and_a_new_password_end_a_sign_in(user: User) -> None:
    """Signing out ends the grant of that browser, a new password those of all browsers; token grants stay valid."""
    browser = sign_in(user)
    here, there, token = by_sign_in(browser), by_sign_in(sign_in(user)), by_token(user)
    browser.post("/signout/")
    assert access.valid_grants([here, there, token]) == {there, token}
    user.set_password("another good password")
    user.save()
    assert access.valid_grants([here, there, token]) == {token}


def test_an_expired_sign_in_keeps_its_open_connections(user: User) -> None:
    """An expired sign-in opens no new connection and closes no open one."""
    browser = sign_in(user)
    held = by_sign_in(browser)
    Session.objects.update(expire_date=timezone.now() - timedelta(minutes=1))
    assert access.grant_for_sign_in(key_of(browser)) is None
    assert access.valid_grants([held]) == {held}


@pytest.mark.parametrize("key", ["", "unknown", "a\x00b", "x" * 5000, "' OR 1=1 --"])
def test_invalid_session_keys_are_refused(user: User, key: str) -> None:
    """Any text in the session cookie that is no session key is refused."""
    assert access.grant_for_sign_in(key) is None


def test_sessions_without_a_valid_sign_in_are_refused(user: User) -> None:
    """Sessions without a user, forged sessions and sessions of unknown authentication back ends give no grant."""
    browser = Client()
    store = browser.session
    store["something"] = 1
    store.save()
    assert access.grant_for_sign_in(str(store.session_key)) is None
    Session.objects.create(session_key="forged", session_data="forged", expire_date=timezone.now() + timedelta(days=1))
    assert access.grant_for_sign_in("forged") is None
    signed_in = sign_in(user).session
    signed_in["_auth_user_backend"] = "somebody.elses.Backend"
    signed_in.save()
    assert access.grant_for_sign_in(str(signed_in.session_key)) is None


def test_a_grant_shows_no_secret(user: User) -> None:
    """The text form of a grant does not contain the session key."""
    held = by_sign_in(sign_in(user))
    assert held.session_key not in repr(held)
