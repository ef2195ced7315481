"""Wrong tries are counted, with the cache and without it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from insights import access
from insights import guesses as guesses_module
from insights.guesses import Guesses
from tests.servers import free_port


@pytest.fixture
def no_redis(settings: Any) -> Iterator[None]:
    """A cache in a Redis that is not there; its address holds a password, which no log may show."""
    location = f"redis://:password@127.0.0.1:{free_port()}/0"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": location}}
    yield
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}  # conftest empties it


class Clock:
    """A clock that a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.past = 0.0
        real = time.monotonic
        monkeypatch.setattr(guesses_module.time, "monotonic", lambda: real() + self.past)


def test_processes_count_together() -> None:
    """What one process counts, another one knows; other names are not touched."""
    one, two = Guesses(), Guesses()
    one.note("a")
    two.note("a")
    assert (one.wrong("a"), two.wrong("a"), one.wrong("b")) == (2, 2, 0)


def test_without_a_cache_each_process_counts(no_redis: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Guessing stays limited, and the log says why once, without the address of the cache."""
    monkeypatch.setattr(guesses_module, "AWAY_S", 30.0)
    guesses = Guesses()
    for _ in range(3):
        guesses.note("a")
    assert (guesses.wrong("a"), guesses.wrong("b")) == (3, 0)
    assert caplog.text.count("the cache is away") == 1
    assert "password" not in caplog.text


def test_a_cache_that_fails_is_asked_again_later(no_redis: None, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """It is left alone for a while, and counts again when it is back; what was counted without it still counts."""
    monkeypatch.setattr(guesses_module, "AWAY_S", 30.0)
    clock, guesses = Clock(monkeypatch), Guesses()
    guesses.note("a")
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    guesses.note("a")
    assert cache.get("wrong-tries:a") is None
    clock.past = guesses_module.AWAY_S
    assert guesses.wrong("a") == 2
    guesses.note("a")
    assert cache.get("wrong-tries:a") == 1


def test_a_minute_later_all_is_forgotten(no_redis: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The count of a process has the same minute as that of the cache."""
    clock, guesses = Clock(monkeypatch), Guesses()
    guesses.note("a")
    clock.past = 30.0
    assert guesses.wrong("a") == 1
    clock.past = 61.0
    assert guesses.wrong("a") == 0
    guesses.note("a")
    assert guesses.wrong("a") == 1


def test_memory_is_bounded(no_redis: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more names than one process counts, the oldest are forgotten."""
    monkeypatch.setattr(guesses_module, "MOST_COUNTED", 10)
    guesses = Guesses()
    for number in range(30):
        guesses.note(f"name-{number}")
    assert len(guesses._own) == 10
    assert (guesses.wrong("name-0"), guesses.wrong("name-29")) == (0, 1)


def test_signing_in_without_redis(no_redis: None, client: Client, user: User, settings: Any) -> None:
    """The right password opens the door, a wrong one is refused, and too many of them close it."""
    settings.TOKEN_TRIES_PER_MINUTE = 2
    form = {"username": "jane@example.com", "password": "correct horse battery"}
    assert client.post("/signin/", form).status_code == 302
    client.post("/signout/")
    for _ in range(2):
        assert client.post("/signin/", {**form, "password": "wrong"}).status_code == 200
    assert client.post("/signin/", form).status_code == 429


def test_tokens_without_redis(no_redis: None, user: User, settings: Any) -> None:
    """The right pair gets its token, and guessing is limited."""
    settings.TOKEN_TRIES_PER_MINUTE = 2
    app, secret = access.create_app(user, "test")
    assert access.token_for(app.app_id, secret, "192.0.2.1").expires_in > 0
    for _ in range(2):
        with pytest.raises(access.WrongCredentials):
            access.token_for(app.app_id, "wrong", "192.0.2.1")
    with pytest.raises(access.TooManyTries):
        access.token_for(app.app_id, secret, "192.0.2.1")
