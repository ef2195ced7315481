"""`GET /rtc/config`: no outside host by default, and TURN passwords that expire."""

import base64
import hashlib
import hmac

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient
from pytest_django import Settings

from streaming.transports.ice import ice_servers, turn_credentials

URL = "/rtc/config"
TURN = "turn:turn.example.org:3478?transport=udp"
STUN = "stun:turn.example.org"


def test_credentials_are_those_that_coturn_computes() -> None:
    """username `expiry:user`; credential base64(HMAC-SHA1(secret, username))."""
    username, credential = turn_credentials("north", "7", 600, 1_700_000_000.9)
    assert username == "1700000600:7"
    assert base64.b64decode(credential) == hmac.new(b"north", b"1700000600:7", hashlib.sha1).digest()


def test_by_default_there_is_no_server() -> None:
    """No page of ours asks an outside host for anything (design law 10)."""
    assert ice_servers(1) == []


def test_turn_servers_come_with_a_password_and_stun_servers_without(settings: Settings) -> None:
    """A browser throws on a TURN server without one, so without a secret none is offered."""
    settings.RTC_ICE_SERVERS = [STUN, TURN]
    assert ice_servers(1) == [{"urls": [STUN]}]
    settings.TURN_SECRET = "north"
    plain, turn = ice_servers(1)
    assert plain == {"urls": [STUN]}
    assert turn["urls"] == [TURN]
    assert turn["username"].endswith(":1")
    assert turn["credential"]


async def test_strangers_get_no_password(settings: Settings) -> None:
    """A TURN server relays for whoever has one."""
    settings.RTC_ICE_SERVERS, settings.TURN_SECRET = [TURN], "north"
    assert (await AsyncClient().get(URL)).status_code == 401
    assert (await AsyncClient().post(URL)).status_code == 405


@pytest.mark.django_db(transaction=True)
async def test_whoever_is_signed_in_gets_the_servers(settings: Settings, user: User, token: str) -> None:
    """With the portal's cookie or with a token; never from a cache."""
    settings.RTC_ICE_SERVERS, settings.TURN_SECRET = [TURN], "north"
    browser = AsyncClient()
    await browser.aforce_login(user)
    for response in (await browser.get(URL), await AsyncClient().get(URL, headers={"x-api-key": token})):
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert response.json()["iceServers"][0]["username"].endswith(f":{user.pk}")


async def test_strangers_get_the_servers_of_a_public_stream(settings: Settings) -> None:
    """Otherwise they could not use it from behind a firewall."""
    settings.STREAMS_PUBLIC = ["echo"]
    response = await AsyncClient().get(f"{URL}?stream=echo")
    assert response.status_code == 200
    assert response.json() == {"iceServers": []}
    assert (await AsyncClient().get(f"{URL}?stream=tone")).status_code == 401
