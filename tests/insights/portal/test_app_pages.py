"""The page of an app: its scopes and expiry are changed, its tokens revoked."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from insights import access
from tests.insights.conftest import user_of_token

FORM = {"app_name": "Robin", "scopes": ["read"], "days": "keep"}


def test_scopes_and_expiry_are_changed(user_client: Client, user: User) -> None:
    """A token has the new scopes at once; an expiry that is kept stays to the second."""
    expires_at = timezone.now() + timedelta(days=9)
    app, secret = access.create_app(user, "Old", frozenset({"read", "write"}), expires_at)
    token = access.token_for(app.app_id, secret).access_token
    form = user_client.get(f"/settings/apps/{app.pk}/").context["form"]
    assert (form["scopes"].value(), form["days"].value()) == (["read", "write"], "keep")
    assert "App saved." in user_client.post(f"/settings/apps/{app.pk}/", FORM, follow=True).content.decode()
    app.refresh_from_db()
    assert (app.name, app.scopes, app.expires_at) == ("Robin", "read", expires_at)
    grant = access.grant_for_token(token)
    assert grant is not None
    assert grant.scopes == {"read"}
    user_client.post(f"/settings/apps/{app.pk}/", FORM | {"days": "0"})
    app.refresh_from_db()
    assert app.expires_at is None


def test_a_connection_ends_when_its_app_loses_a_scope(user: User) -> None:
    """More scopes end nothing; fewer end the grants that had them."""
    app, secret = access.create_app(user, "Robin", frozenset({"read", "stream"}))
    grant = access.grant_for_token(access.token_for(app.app_id, secret).access_token)
    assert grant is not None
    access.change_app(app, "Robin", access.EVERY_SCOPE, None)
    assert access.valid_grants([grant]) == {grant}
    access.change_app(app, "Robin", frozenset({"read"}), None)
    assert access.valid_grants([grant]) == set()


def test_an_invalid_change_is_refused(user_client: Client, user: User) -> None:
    """No name, no scope, an unknown scope and an expiry that no one offers change nothing."""
    app, _ = access.create_app(user, "Robin", frozenset({"read"}))
    for change in ({"app_name": " "}, {"scopes": []}, {"scopes": ["admin"]}, {"days": "keep"}, {"days": "-1"}):
        form: dict[str, object] = {**FORM, "days": "0", **change}
        assert user_client.post(f"/settings/apps/{app.pk}/", form).status_code == 400
    app.refresh_from_db()
    assert (app.name, app.scopes) == ("Robin", "read")


def test_tokens_are_revoked(user_client: Client, user: User) -> None:
    """The tokens end, and the secret gets new ones."""
    app, secret = access.create_app(user, "Robin")
    token = access.token_for(app.app_id, secret).access_token
    assert "Tokens revoked." in user_client.post(f"/settings/apps/{app.pk}/tokens/", follow=True).content.decode()
    assert user_of_token(token) is None
    assert user_of_token(access.token_for(app.app_id, secret).access_token) == user


def test_only_own_apps_with_a_secret(user_client: Client, user: User, other_user: User) -> None:
    """Apps of others, revoked ones, and the one that stands for the password have no page."""
    theirs, _ = access.create_app(other_user, "Theirs")
    revoked, _ = access.create_app(user, "Revoked")
    access.revoke_app(user, revoked.pk)
    password, _ = access.create_app(user, "Tokens by password", password_mark="mark")
    for app in (theirs, revoked, password):
        assert user_client.get(f"/settings/apps/{app.pk}/").status_code == 404
        assert user_client.post(f"/settings/apps/{app.pk}/", FORM).status_code == 404
        assert user_client.post(f"/settings/apps/{app.pk}/tokens/").status_code == 404
