"""ICE servers: no outside host by default, TURN passwords that expire, and the servers that a stream sets."""

import asyncio
import base64
import hashlib
import hmac
import re
import threading
from typing import Any

import pytest
from pytest_django import Settings

from streaming.handlers import ice_servers
from streaming.handlers.ice_servers import browser_servers, check_configuration, own_servers, resolved, turn_credentials

TURN = "turn:turn.example.org:3478?transport=udp"
STUN = "stun:turn.example.org"
CONFIGURATION = {"iceServers": [{"urls": TURN, "username": "jane", "credential": "north"}], "iceTransportPolicy": "relay"}


def test_credentials_have_the_form_of_coturn() -> None:
    """The username is `expiry:user`, the credential base64(HMAC-SHA1(secret, username))."""
    username, credential = turn_credentials("north", "7", 600, 1_700_000_000.9)
    assert username == "1700000600:7"
    assert base64.b64decode(credential) == hmac.new(b"north", b"1700000600:7", hashlib.sha1).digest()


def test_there_is_no_ice_server_by_default() -> None:
    """Neither a page nor the server contacts an outside host (design law 10)."""
    assert browser_servers(1) == []
    assert own_servers(None) == []


def test_turn_servers_have_a_password_and_stun_servers_none(settings: Settings) -> None:
    """A browser throws on a TURN server without a password, so without a secret none is offered."""
    settings.RTC_ICE_SERVERS = [STUN, TURN]
    assert browser_servers(1) == [{"urls": [STUN]}]
    settings.TURN_SECRET = "north"
    plain, turn = browser_servers(1)
    assert plain == {"urls": [STUN]}
    assert turn["urls"] == [TURN]
    assert turn["username"].endswith(":1")
    assert turn["credential"]
    assert browser_servers(None)[1]["username"].endswith(":anybody")


def test_the_server_uses_the_stream_s_servers_or_the_setting_s(settings: Settings) -> None:
    """A TURN server gets a password; a stream whose configuration is empty gets no server."""
    settings.RTC_OWN_ICE_SERVERS, settings.TURN_SECRET = [STUN, TURN], "north"
    plain, turn = own_servers(None)
    assert plain == {"urls": [STUN], "username": None, "credential": None}
    assert re.fullmatch(r"\d+:parley", turn["username"])
    assert turn["credential"]
    assert own_servers(CONFIGURATION) == [{"urls": TURN, "username": "jane", "credential": "north"}]
    assert own_servers({"iceServers": []}) == []


async def test_kinds_of_configurations() -> None:
    """A configuration is a dictionary, a function (called in a thread), a coroutine function, or a callable object."""

    async def asynchronous() -> dict[str, Any]:
        return CONFIGURATION

    class Callable:
        async def __call__(self) -> dict[str, Any]:
            return CONFIGURATION

    for source in (CONFIGURATION, lambda: CONFIGURATION, asynchronous, Callable()):
        assert await resolved(source, "rtc_configuration") == CONFIGURATION
    assert await resolved(None, "rtc_configuration") is None
    assert await resolved(lambda: None, "rtc_configuration") is None


async def test_a_function_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the function and the limit; a TimeoutError of the function itself stays its own."""
    go_on = threading.Event()

    async def endless() -> None:
        await asyncio.Event().wait()

    def own() -> None:
        raise TimeoutError("my service is slow")

    with pytest.raises(TimeoutError, match="my service is slow"):
        await resolved(own, "rtc_configuration")
    monkeypatch.setattr(ice_servers, "CONFIGURATION_S", 0.05)
    try:
        for function in (endless, lambda: go_on.wait(60)):
            with pytest.raises(TimeoutError, match=r"^rtc_configuration: its function gave nothing within 0\.05 s$"):
                async with asyncio.timeout(30):
                    await resolved(function, "rtc_configuration")
    finally:
        go_on.set()


@pytest.mark.parametrize("wrong", ["turn:example.org", [CONFIGURATION], {"iceServers": TURN}, {"iceServers": [TURN]}, {"iceServers": [{}]}])
async def test_an_invalid_configuration(wrong: Any) -> None:
    """The error names it, where it is written or when it is returned."""
    with pytest.raises((TypeError, ValueError), match="server_rtc_configuration"):
        check_configuration(wrong, "server_rtc_configuration")
    with pytest.raises((TypeError, ValueError), match="rtc_configuration"):
        await resolved(lambda: wrong, "rtc_configuration")
