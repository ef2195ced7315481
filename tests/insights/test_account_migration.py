"""The migration to confirmed addresses and noted devices, on rows of the version before."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client

BEFORE = "0022_call_score"
PASSWORD = "correct horse battery"


@pytest.fixture
def old_tables(transactional_db: None) -> Iterator[None]:
    """Migrate back to the version before accounts could confirm addresses, with the tables of django-allauth removed."""
    call_command("migrate", "insights", BEFORE, verbosity=0)
    for app in ("account", "usersessions"):
        call_command("migrate", app, "zero", verbosity=0)
    yield
    call_command("migrate", verbosity=0)


def account(name: str, email: str, **fields: Any) -> User:
    """Store an account as the version before did: without any row of django-allauth."""
    user = User(username=name, email=email, **fields)
    user.set_password(PASSWORD)
    user.save()
    return user


def test_existing_addresses_are_confirmed(old_tables: None) -> None:
    """Every account with an address keeps signing in; of two accounts with one address only the active one has it confirmed."""
    jane = account("jane@example.com", "jane@example.com")
    former = account("jane2", "jane@example.com", is_active=False)
    ben = account("Ben@example.com".lower(), "")
    robot = account("robot", "")
    call_command("migrate", verbosity=0)
    rows = set(EmailAddress.objects.values_list("user_id", "email", "verified", "primary"))
    assert rows == {
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


def test_existing_sign_ins_are_noted(old_tables: None, settings: Any) -> None:
    """A browser that was signed in before stays signed in, and can be signed out from another one."""
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "note_device" not in one]
    jane = account("jane@example.com", "jane@example.com")

    store = SessionStore()
    store.update(
        {
            SESSION_KEY: str(jane.pk),
            BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
            HASH_SESSION_KEY: jane.get_session_auth_hash(),
        }
    )
    store.create()
    call_command("migrate", verbosity=0)
    browser = Client()
    browser.cookies["sessionid"] = str(store.session_key)
    assert browser.get("/").status_code == 200
    assert [(row.user_id, row.session_key) for row in UserSession.objects.all()] == [(jane.pk, store.session_key)]
    other = Client()
    other.force_login(jane)
    other.post("/account/security/devices/sign-out/")
    assert browser.get("/").status_code == 302
    assert Session.objects.count() == 1
