"""With TWILIO_AUTH_TOKEN set, webhook and sockets need Twilio's signature."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import pytest
import websockets
from django.test import Client
from pytest_django import Settings

from tests.servers import Server
from tests.streaming.transports.conftest import SITE
from tests.streaming.transports.stream_client import frame, streaming
from tests.streaming.transports.test_twilio import begin, speak

AUTH = "the exchange's secret"
PATH = "/streams/echo/telephone/incoming"
CALL = {"To": "+18005551212", "CallSid": "CA1", "From": "+12349013030", "SpeechResult": "Grüße & more"}


def signed(url: str, fields: dict[str, str]) -> str:
    """Return the signature in Twilio's manual: HMAC-SHA1 over the URL and the sorted fields without separators."""
    text = url
    for name in sorted(fields):
        text += name + fields[name]
    return base64.b64encode(hmac.new(AUTH.encode(), text.encode(), hashlib.sha1).digest()).decode()


@pytest.fixture(autouse=True)
def exchange(settings: Settings) -> None:
    """Configure an exchange and a public stream."""
    settings.TWILIO_AUTH_TOKEN, settings.STREAMS_PUBLIC = AUTH, ["echo"]
    settings.ALLOWED_HOSTS = ["talk.example.org", "testserver"]


def status(signature: str | None, fields: dict[str, str] = CALL, path: str = PATH, **headers: str) -> int:
    """Return the status of the webhook's response."""
    given = headers | ({"X-Twilio-Signature": signature} if signature is not None else {})
    return Client().post(path, urlencode(fields), "application/x-www-form-urlencoded", headers=given).status_code


def test_a_signed_call_is_answered() -> None:
    """The signature includes the fields; missing and other fields are refused."""
    url = f"https://talk.example.org{PATH}?x=1"
    signature = signed(url, CALL)
    assert status(signature, path=f"{PATH}?x=1", Host="talk.example.org") == 200
    assert status(signature, {**CALL, "From": "+1"}, f"{PATH}?x=1", Host="talk.example.org") == 403
    assert status(signature, path=f"{PATH}?x=2", Host="talk.example.org") == 403
    assert status(signature, path=f"{PATH}?x=1", Host="testserver") == 403
    for nothing in (None, "", "wrong"):
        assert status(nothing, path=f"{PATH}?x=1", Host="talk.example.org") == 403


def test_a_webhook_by_get_is_signed_by_its_address() -> None:
    """The URL includes the fields of a GET in the query."""
    path = f"{PATH}?CallSid=CA1&From=%2B12349013030"
    headers = {"Host": "talk.example.org", "X-Twilio-Signature": signed(f"https://talk.example.org{path}", {})}
    assert Client().get(path, headers=headers).status_code == 200
    assert Client().get(f"{path}&To=1", headers=headers).status_code == 403


def test_behind_a_proxy_the_host_is_djangos(settings: Settings) -> None:
    """The forwarded host counts only if the installation trusts it."""
    signature = signed(f"https://talk.example.org{PATH}", CALL)
    forwarded = {"Host": "testserver", "X-Forwarded-Host": "talk.example.org"}
    assert status(signature, **forwarded) == 403
    settings.USE_X_FORWARDED_HOST = True
    assert status(signature, **forwarded) == 200


def test_a_signature_opens_no_stream_that_is_not_public(settings: Settings) -> None:
    """A signature is no credential of a user, so a token is needed too."""
    settings.STREAMS_PUBLIC = []
    assert status(signed(f"https://testserver{PATH}", CALL), Host="testserver") == 401


def test_without_an_exchange_nothing_needs_to_be_signed(settings: Settings) -> None:
    """Without TWILIO_AUTH_TOKEN calls need no signature."""
    settings.TWILIO_AUTH_TOKEN = ""
    assert status(None) == 200


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_sockets_are_signed_by_their_address(make_server: Callable[..., Server], kind: str) -> None:
    """A handshake with the exchange's signature becomes a call; every other one is refused."""
    server: Any = make_server(kind, TWILIO_AUTH_TOKEN=AUTH, **SITE)
    path = "telephone/handler"
    url = f"wss://127.0.0.1:{server.port}/streams/open-to-all/{path}"
    async with streaming(server, "", "open-to-all", path, additional_headers={"X-Twilio-Signature": signed(url, {})}) as client:
        await begin(client)
        await speak(client, frame(1))
        assert await client.wait_audio(len(frame(1))) == frame(1)
    for wrong in ("", signed(url + "?x=1", {}), signed(url.replace("127.0.0.1", "talk.example.org"), {})):
        headers = {"X-Twilio-Signature": wrong} if wrong else {}
        async with streaming(server, server.token(), "open-to-all", path, additional_headers=headers) as client:
            with suppress(websockets.ConnectionClosed):
                await begin(client)
            assert "signature" in (await client.wait(type="error"))["message"]
            assert await client.wait_closed() == 1008
