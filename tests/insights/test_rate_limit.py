"""Failed attempts are counted, with and without the cache."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from insights import access
from insights.access import rate_limit as rate_limit_module
from insights.access.rate_limit import RateLimit
from tests.servers import free_port


@pytest.fixture
def no_redis(settings: Any) -> Iterator[None]:
    """A cache in a Redis that is not running; its URL has a password, which no log may contain."""
    location = f"redis://:password@127.0.0.1:{free_port()}/0"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": location}}
    yield
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}  # conftest empties it


def count(limit: RateLimit, name: str) -> int:
    """Return one counter's value."""
    return limit.counts([name])[name]


class Clock:
    """A clock that the test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.past = 0.0
        real = time.monotonic
        monkeypatch.setattr(rate_limit_module.time, "monotonic", lambda: real() + self.past)


def test_processes_count_together() -> None:
    """Two processes share a count; other names have their own."""
    one, two = RateLimit(), RateLimit()
    one.add("a", 60)
    two.add("a", 60)
    assert (count(one, "a"), count(two, "a"), count(one, "b")) == (2, 2, 0)


def test_without_a_cache_each_process_counts(no_redis: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Guessing stays limited, and the log says once why, without the URL of the cache."""
    monkeypatch.setattr(rate_limit_module, "CACHE_RETRY_S", 30.0)
    limit = RateLimit()
    for _ in range(3):
        limit.add("a", 60)
    assert (count(limit, "a"), count(limit, "b")) == (3, 0)
    assert caplog.text.count("the cache is unreachable") == 1
    assert "password" not in caplog.text


def test_a_failed_cache_is_retried_later(no_redis: None, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """A failed cache is not used for a while; attempts counted without it still count when it is back."""
    monkeypatch.setattr(rate_limit_module, "CACHE_RETRY_S", 30.0)
    clock, limit = Clock(monkeypatch), RateLimit()
    limit.add("a", 60)
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    limit.add("a", 60)
    assert cache.get("failures:a") is None
    clock.past = rate_limit_module.CACHE_RETRY_S
    assert count(limit, "a") == 2
    limit.add("a", 60)
    assert cache.get("failures:a") == 1


def test_counts_expire_after_a_minute(no_redis: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The count of a process expires in the same minute as that of the cache."""
    clock, limit = Clock(monkeypatch), RateLimit()
    limit.add("a", 60)
    clock.past = 30.0
    assert count(limit, "a") == 1
    clock.past = 61.0
    assert count(limit, "a") == 0
    limit.add("a", 60)
    assert count(limit, "a") == 1


def test_memory_is_bounded(no_redis: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process drops the oldest names above its limit."""
    monkeypatch.setattr(rate_limit_module, "MAX_OWN_COUNTERS", 10)
    limit = RateLimit()
    for number in range(30):
        limit.add(f"name-{number}", 60)
    assert len(limit._own) == 10
    assert (count(limit, "name-0"), count(limit, "name-29")) == (0, 1)


@pytest.mark.parametrize("cached", [True, False])
def test_a_mark_counts_once_until_it_expires(cached: bool, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark counts as one, however often it is set."""
    if not cached:
        request.getfixturevalue("no_redis")
    limit = RateLimit()
    limit.mark("a", 60)
    limit.mark("a", 60)
    assert count(limit, "a") == 1


def test_signing_in_without_redis(no_redis: None, client: Client, user: User, settings: Any) -> None:
    """The right password is accepted, a wrong one is refused, and too many wrong ones are limited."""
    settings.TOKEN_TRIES_PER_MINUTE = 2
    form = {"username": "jane@example.com", "password": "correct horse battery"}
    assert client.post("/signin/", form).status_code == 302
    client.post("/signout/")
    for _ in range(2):
        assert client.post("/signin/", {**form, "password": "wrong"}).status_code == 200
    assert client.post("/signin/", form).status_code == 429


def test_tokens_without_redis(no_redis: None, user: User, settings: Any) -> None:
    """Valid credentials get a token, and guessing is limited."""
    settings.TOKEN_TRIES_PER_MINUTE = 2
    app, secret = access.create_app(user, "test")
    assert access.token_for(app.app_id, secret, "192.0.2.1").expires_in > 0
    for _ in range(2):
        with pytest.raises(access.WrongCredentials):
            access.token_for(app.app_id, "wrong", "192.0.2.1")
    with pytest.raises(access.TooManyTries):
        access.token_for(app.app_id, secret, "192.0.2.1")
