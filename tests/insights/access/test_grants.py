"""Passes: by what a connection was let in, and whether that still holds."""

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
    """Return a browser in which somebody is signed in."""
    browser = Client()
    browser.force_login(user)
    return browser


def key_of(browser: Client) -> str:
    """Return the key in the browser's cookie."""
    return str(browser.cookies[settings.SESSION_COOKIE_NAME].value)


def by_token(user: User) -> Grant:
    """Return the pass of a new app's token."""
    app, secret = access.create_app(user, "test")
    found = access.grant_for_token(access.token_for(app.app_id, secret).access_token)
    assert found == Grant(user.pk, app_id=app.app_id)
    return found


def by_sign_in(browser: Client) -> Grant:
    """Return the pass of a browser."""
    found = access.grant_for_sign_in(key_of(browser))
    assert found is not None
    return found


def test_a_pass_holds_while_nothing_changes(user: User, other_user: User) -> None:
    """Tokens and sign-ins of several accounts, looked at together, in three queries for any number of them."""
    passes = [*(by_token(who) for who in (user, user, other_user)), *(by_sign_in(sign_in(who)) for who in (user, other_user, other_user))]
    with CaptureQueriesContext(connection) as queries:
        assert access.valid_grants(passes) == set(passes)
    assert len(queries) == 3
    with CaptureQueriesContext(connection) as queries:
        assert access.valid_grants([]) == set()
    assert len(queries) == 0


def test_a_revoked_app_ends_its_pass_alone(user: User) -> None:
    """The account's other app, and its browser, go on."""
    revoked, other, browser = by_token(user), by_token(user), by_sign_in(sign_in(user))
    App.objects.filter(app_id=revoked.app_id).update(revoked_at=timezone.now())
    assert access.valid_grants([revoked, other, browser]) == {other, browser}


@pytest.mark.parametrize("way", ["disabled", "removed"])
def test_an_account_that_goes_ends_all_its_passes(user: User, other_user: User, way: str) -> None:
    """Whether it is disabled or removed."""
    passes, others = {by_token(user), by_sign_in(sign_in(user))}, {by_token(other_user), by_sign_in(sign_in(other_user))}
    if way == "disabled":
        User.objects.filter(pk=user.pk).update(is_active=False)
    else:
        user.delete()
    assert access.valid_grants(passes | others) == others


def test_signing_out_and_a_new_password_end_a_sign_in(user: User) -> None:
    """In the browser concerned, or in all of them; tokens are not touched."""
    browser = sign_in(user)
    here, there, token = by_sign_in(browser), by_sign_in(sign_in(user)), by_token(user)
    browser.post("/signout/")
    assert access.valid_grants([here, there, token]) == {there, token}
    user.set_password("another good password")
    user.save()
    assert access.valid_grants([here, there, token]) == {token}


def test_nobody_is_cut_off_because_time_passes(user: User) -> None:
    """A sign-in that is too old lets nobody in any more, and shows nobody out."""
    browser = sign_in(user)
    held = by_sign_in(browser)
    Session.objects.update(expire_date=timezone.now() - timedelta(minutes=1))
    assert access.grant_for_sign_in(key_of(browser)) is None
    assert access.valid_grants([held]) == {held}


@pytest.mark.parametrize("key", ["", "unknown", "a\x00b", "x" * 5000, "' OR 1=1 --"])
def test_nonsense_keys_let_nobody_in(user: User, key: str) -> None:
    """Whatever a cookie may hold."""
    assert access.grant_for_sign_in(key) is None


def test_a_session_of_nobody(user: User) -> None:
    """Sessions without a sign-in in them, forged ones, and those of back ends that are not ours."""
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


def test_a_pass_shows_no_secret(user: User) -> None:
    """A session's key is as good as a password: no log can have it from a pass."""
    held = by_sign_in(sign_in(user))
    assert held.session_key not in repr(held)
