"""`GET /rtc/config`: access, and the ICE servers."""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient
from pytest_django import Settings

from streaming.discovery import streams
from streaming.handlers import ice_servers

URL = "/rtc/config"
TURN = "turn:turn.example.org:3478?transport=udp"


@pytest.fixture
def with_configuration(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Callable[[Any], None]:
    """Give the stream `echo`, which is public here, an rtc_configuration."""
    settings.STREAMS_PUBLIC = ["echo"]
    return lambda wanted: monkeypatch.setattr(streams()["echo"], "rtc_configuration", wanted)


async def test_anonymous_clients_get_no_password(settings: Settings) -> None:
    """A TURN server relays for every client with a password."""
    settings.RTC_ICE_SERVERS, settings.TURN_SECRET = [TURN], "north"
    assert (await AsyncClient().get(URL)).status_code == 401
    assert (await AsyncClient().post(URL)).status_code == 405


@pytest.mark.django_db(transaction=True)
async def test_users_get_the_servers(settings: Settings, user: User, token: str) -> None:
    """A cookie or a token is needed, and the response is not cached."""
    settings.RTC_ICE_SERVERS, settings.TURN_SECRET = [TURN], "north"
    browser = AsyncClient()
    await browser.aforce_login(user)
    for response in (await browser.get(URL), await AsyncClient().get(URL, headers={"x-api-key": token})):
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert response.json()["iceServers"][0]["username"].endswith(f":{user.pk}")


async def test_anonymous_clients_get_the_servers_of_a_public_stream(settings: Settings) -> None:
    """They need them to use the stream from behind a firewall."""
    settings.STREAMS_PUBLIC = ["echo"]
    response = await AsyncClient().get(f"{URL}?stream=echo")
    assert response.status_code == 200
    assert response.json() == {"iceServers": []}
    assert (await AsyncClient().get(f"{URL}?stream=tone")).status_code == 401


async def test_a_stream_s_own_configuration(settings: Settings, with_configuration: Callable[[Any], None]) -> None:
    """It replaces the setting's unchanged, and is evaluated for each client."""
    settings.RTC_ICE_SERVERS, settings.TURN_SECRET = [TURN], "north"
    own = {"iceServers": [{"urls": "turn:other.example.org", "username": "a", "credential": "b"}], "iceTransportPolicy": "relay"}
    with_configuration(own)
    assert (await AsyncClient().get(f"{URL}?stream=echo")).json() == own
    given = iter([own, None])
    with_configuration(lambda: next(given))
    assert (await AsyncClient().get(f"{URL}?stream=echo")).json() == own
    assert (await AsyncClient().get(f"{URL}?stream=echo")).json()["iceServers"][0]["urls"] == [TURN]


async def test_a_configuration_that_fails(with_configuration: Callable[[Any], None], caplog: pytest.LogCaptureFixture) -> None:
    """The client gets an error, the log has its location, and neither has the text of the exception."""

    def failing() -> None:
        raise RuntimeError("the secret is north")

    with_configuration(failing)
    with caplog.at_level(logging.ERROR):
        response = await AsyncClient().get(f"{URL}?stream=echo")
    assert (response.status_code, response.json()) == (502, {"detail": "this stream's rtc_configuration cannot be had now"})
    assert "RuntimeError" in caplog.text
    assert "north" not in caplog.text + response.content.decode()


async def test_a_configuration_that_blocks(
    with_configuration: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The client gets an error in time while the developer's function blocks."""
    go_on = threading.Event()
    monkeypatch.setattr(ice_servers, "CONFIGURATION_S", 0.05)
    with_configuration(lambda: go_on.wait(60))
    try:
        with caplog.at_level(logging.ERROR):
            async with asyncio.timeout(30):
                response = await AsyncClient().get(f"{URL}?stream=echo")
    finally:
        go_on.set()
    assert response.status_code == 502
    assert "TimeoutError" in caplog.text
