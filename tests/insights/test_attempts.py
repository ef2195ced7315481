"""The limits on guessing by account and address, by account and by address; no attacker locks another user out."""

import os
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from insights import access
from insights.access import Attempt, TooManyTries, attempts
from insights.access.attempts import network_of

PASSWORD = "correct horse battery"
OWNER_AT, ATTACKER_AT = "198.51.100.7", "203.0.113.66"


def signs_in(email: str, password: str, address: str) -> int:
    """Return the status of one sign-in: 302 for the right password, 200 for a wrong one, 429 at a limit."""
    return Client(REMOTE_ADDR=address).post("/signin/", {"username": email, "password": password}).status_code


def fail(accounts: int) -> None:
    """Fail to sign in once to each of this many accounts from the attacker's address."""
    for number in range(accounts):
        Attempt("signin", f"person{number}@example.com", ATTACKER_AT).failed()


def test_one_address_that_tries_many_accounts_is_limited(user: User) -> None:
    """Failures for many accounts count together, and then the address is limited for the right password too."""
    fail(attempts.ADDRESS_FAILURES - 5)
    statuses = [signs_in(f"account{number}@example.com", "wrong", ATTACKER_AT) for number in range(8)]
    assert statuses == [200] * 5 + [429] * 3
    assert signs_in(user.username, PASSWORD, ATTACKER_AT) == 429
    assert signs_in(user.username, PASSWORD, OWNER_AT) == 302


def test_many_apps_from_one_address_are_limited(user: User) -> None:
    """Failures for apps count per address, together with failed passwords."""
    app, secret = access.create_app(user, "bot")
    for number in range(attempts.ADDRESS_FAILURES):
        with pytest.raises(access.WrongCredentials):
            access.token_for(f"app{number}", "guess", ATTACKER_AT)
    with pytest.raises(TooManyTries) as refused:
        access.token_for(app.app_id, secret, ATTACKER_AT)
    assert refused.value.wait_s == 600
    assert signs_in(user.username, PASSWORD, ATTACKER_AT) == 429
    assert access.token_for(app.app_id, secret, OWNER_AT)


def test_a_known_account_is_not_limited_by_its_address(user: User) -> None:
    """An account that has signed in from an address before is not limited by failures of others there."""
    assert signs_in(user.username, PASSWORD, ATTACKER_AT) == 302
    fail(attempts.ADDRESS_FAILURES)
    assert signs_in("somebody@example.com", "wrong", ATTACKER_AT) == 429
    assert signs_in(user.username, PASSWORD, ATTACKER_AT) == 302


def test_failures_for_one_app_count_few_times_for_the_address(user: User, settings: LazySettings) -> None:
    """A client that repeats a wrong secret of one app does not limit its address."""
    settings.TOKEN_TRIES_PER_MINUTE = 1000
    for _ in range(3 * attempts.ADDRESS_FAILURES):
        Attempt("token", "app", OWNER_AT).failed()
    assert signs_in(user.username, PASSWORD, OWNER_AT) == 302


def test_a_distributed_attack_does_not_limit_the_owner(user: User) -> None:
    """Above the account's limit each address has few tries; the owner signs in from their own address."""
    for number in range(attempts.ACCOUNT_FAILURES):
        Attempt("signin", user.username, f"203.0.113.{number}").failed()
    fresh = [signs_in(user.username, "wrong", "192.0.2.1") for _ in range(5)]
    assert fresh == [200] * attempts.SLOW_FAILURES + [429] * 2
    assert signs_in(user.username, "wrong", OWNER_AT) == 200  # a typing error
    assert signs_in(user.username, PASSWORD, OWNER_AT) == 302
    assert signs_in(user.username, "wrong", OWNER_AT) == 200
    assert signs_in(user.username, "wrong", OWNER_AT) == 200
    assert signs_in(user.username, PASSWORD, OWNER_AT) == 302  # known there, so the slow limit does not apply


@pytest.mark.django_db(transaction=True)
def test_parallel_requests_do_not_exceed_a_limit(user: User, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few passwords are checked at a time, each only after the limit is checked again."""
    settings.TOKEN_TRIES_PER_MINUTE = 3
    hashed, everybody_came = [], threading.Barrier(12)

    def check(user: User, password: str) -> bool:
        hashed.append(password)
        time.sleep(0.05)  # as a hash takes its time
        return False

    monkeypatch.setattr(User, "check_password", check)

    def guess(number: int) -> int:
        everybody_came.wait(60)
        try:
            return signs_in(user.username, f"guess {number}", ATTACKER_AT)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as pool:
        statuses = Counter(pool.map(guess, range(12)))
    at_once = max(1, (os.cpu_count() or 1) // 2)
    assert 3 <= len(hashed) == statuses[200] <= 3 + at_once - 1
    assert statuses[429] == 12 - statuses[200]


def test_a_sign_in_waits_for_a_limited_time(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign-in that gets no hashing slot in time is refused and does not count as a failure."""
    monkeypatch.setattr(attempts, "_password_checks", threading.BoundedSemaphore(1))
    monkeypatch.setattr(attempts, "PASSWORD_WAIT_S", 0.1)
    with attempts._password_checks:
        assert signs_in(user.username, PASSWORD, OWNER_AT) == 429
    assert signs_in(user.username, PASSWORD, OWNER_AT) == 302


def test_limits_end(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """After ten minutes the address may try again."""
    fail(attempts.ADDRESS_FAILURES)
    assert signs_in(user.username, PASSWORD, ATTACKER_AT) == 429
    later = time.time() + attempts.WINDOW_S + 1
    monkeypatch.setattr("django.core.cache.backends.locmem.time.time", lambda: later)
    assert signs_in(user.username, PASSWORD, ATTACKER_AT) == 302


def test_an_ipv6_network_counts_as_one_address(user: User, settings: LazySettings) -> None:
    """All addresses of a /64 count together."""
    settings.TOKEN_TRIES_PER_MINUTE = 3
    statuses = [signs_in(user.username, "wrong", f"2001:db8:1:2::{number}") for number in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert signs_in(user.username, PASSWORD, "2001:db8:1:3::1") == 302


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_what_counts_as_one_address(address: str, counted: str) -> None:
    """IPv4 addresses count by themselves, IPv6 addresses by /64, other text as it is."""
    assert network_of(address) == counted


def test_a_client_without_an_address_is_limited_too(user: User, settings: LazySettings) -> None:
    """All clients without an address count as one."""
    settings.TOKEN_TRIES_PER_MINUTE = 2
    assert [signs_in(user.username, "wrong", "") for _ in range(3)] == [200, 200, 429]
    app, _ = access.create_app(user, "bot")
    body = {"type": "application", "appId": app.app_id, "appSecret": "wrong"}
    client = Client(REMOTE_ADDR="")
    statuses = [client.post("/oauth2/token:generate", body, content_type="application/json").status_code for _ in range(3)]
    assert statuses == [401, 401, 429]


def test_counters_do_not_hold_accounts_or_addresses() -> None:
    """The cache keys are hashes, and different parts cannot give the same key."""
    attempt = Attempt("signin", "jane@example.com", OWNER_AT)
    names = (attempt._minute, attempt._pair, attempt._account, attempt._network, attempt._known)
    assert len(set(names)) == 5
    assert not any("jane" in name or OWNER_AT in name for name in names)
    assert Attempt("signin", "a1", "b")._pair != Attempt("signin", "a", "1b")._pair
