"""The migration to confirmed addresses and noted devices, on rows of the version before."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client, override_settings

from tests.insights.migration_way import Steps, Stop, check

PASSWORD = "correct horse battery"


def account(name: str, email: str, **fields: Any) -> User:
    """Store an account as the version before did: without any row of django-allauth."""
    user = User(username=name, email=email, **fields)
    user.set_password(PASSWORD)
    user.save()
    return user


@check
def existing_addresses_are_confirmed() -> Steps:
    """Every account with an address keeps signing in; of two accounts with one address only the active one has it confirmed."""
    yield Stop.ACCOUNTS
    assert EmailAddress._meta.db_table not in connection.introspection.table_names()
    jane = account("jane@example.com", "jane@example.com")
    former = account("jane2", "jane@example.com", is_active=False)
    ben = account("Ben@example.com".lower(), "")
    robot = account("robot", "")
    yield Stop.PRESENT
    own = EmailAddress.objects.filter(user__in=(jane, former, ben, robot))
    assert set(own.values_list("user_id", "email", "verified", "primary")) == {
        (jane.pk, "jane@example.com", True, True),
        (former.pk, "jane@example.com", False, True),
        (ben.pk, "ben@example.com", True, True),
    }
    ben.refresh_from_db()
    assert ben.email == "ben@example.com"
    for name in (jane.username, ben.username):
        answer = Client().post("/signin/", {"username": name, "password": PASSWORD})
        assert answer.headers["Location"] == "/"
    assert not EmailAddress.objects.filter(user=robot).exists()


@check
def existing_sign_ins_are_noted() -> Steps:
    """A browser that was signed in before stays signed in, and can be signed out from another one."""
    yield Stop.ACCOUNTS
    ada = account("ada@example.com", "ada@example.com")
    store = SessionStore()
    store.update(
        {
            SESSION_KEY: str(ada.pk),
            BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
            HASH_SESSION_KEY: ada.get_session_auth_hash(),
        }
    )
    store.create()
    yield Stop.PRESENT
    with override_settings(MIDDLEWARE=[one for one in settings.MIDDLEWARE if "note_device" not in one]):
        browser = Client()
        browser.cookies["sessionid"] = str(store.session_key)
        assert browser.get("/").status_code == 200
        noted = UserSession.objects.filter(user=ada)
        assert [(row.user_id, row.session_key) for row in noted] == [(ada.pk, store.session_key)]
        other = Client()
        other.force_login(ada)
        other.post("/account/security/devices/sign-out/")
        assert browser.get("/").status_code == 302
    assert [one.get_decoded().get(SESSION_KEY) for one in Session.objects.all()].count(str(ada.pk)) == 1
