"""TURN passwords from Python: of an own server at once, of remote services by a request to a local fake of them."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from pytest_django import Settings

import streaming
from streaming.handlers import turn_credentials
from streaming.handlers.turn_credentials import TurnError

TURN, STUN = "turn:turn.example.org:3478", "stun:turn.example.org"
ANSWER = {"iceServers": [{"urls": [TURN], "username": "a", "credential": "b"}]}


class Service:
    """The requests to the fake service, and its answer."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, str]] = []
        self.status = 200
        self.answer: Any = ANSWER


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A server on the loopback address in place of all three services; none of their environment variables is set."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            service.asked.append((self.command, self.path, self.headers["Authorization"], body))
            self.send_response(service.status)
            self.end_headers()
            self.wfile.write(json.dumps(service.answer).encode())

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            """Suppress the log."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}"
    for name in ("CLOUDFLARE", "HUGGING_FACE", "TWILIO"):
        monkeypatch.setattr(turn_credentials, name, here + "/" + getattr(turn_credentials, name).split("/", 3)[3])
    for name in ("HF_TOKEN", "CLOUDFLARE_TURN_KEY_ID", "CLOUDFLARE_TURN_KEY_API_TOKEN", "TWILIO_ACCOUNT_SID"):
        monkeypatch.delenv(name, raising=False)
    yield service
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("busy_handlers")
async def test_credentials_of_an_own_server(settings: Settings) -> None:
    """They are computed at once, without a thread, with the requested lifetime and user."""
    settings.RTC_ICE_SERVERS, settings.TURN_SECRET = [STUN, TURN], "north"
    plain, turn = streaming.get_turn_credentials()["iceServers"]
    assert plain == {"urls": [STUN]}
    assert turn["urls"] == [TURN]
    assert turn["username"].endswith(":anybody")
    soon = (await streaming.get_turn_credentials_async(ttl=60, user="jane"))["iceServers"][1]["username"]
    assert soon.endswith(":jane")
    assert int(turn["username"].split(":")[0]) - int(soon.split(":")[0]) > 3000


def test_credentials_without_an_own_server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the settings; that of an unknown method lists the methods."""
    for name in ("HF_TOKEN", "CLOUDFLARE_TURN_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    settings.RTC_ICE_SERVERS = [STUN]
    settings.TURN_SECRET = "north"
    with pytest.raises(ValueError, match="RTC_ICE_SERVERS and TURN_SECRET"):
        streaming.get_turn_credentials()
    with pytest.raises(ValueError, match="own, cloudflare, hf, twilio"):
        streaming.get_turn_credentials(method="pigeon")


async def test_cloudflare(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials come for a key and its token, passed or from the environment; a Hugging Face token has priority."""
    assert streaming.get_cloudflare_turn_credentials("key/1", "token", ttl=30) == ANSWER
    monkeypatch.setenv("CLOUDFLARE_TURN_KEY_ID", "key2")
    monkeypatch.setenv("CLOUDFLARE_TURN_KEY_API_TOKEN", "token2")
    assert await streaming.get_turn_credentials_async("cloudflare", client=None) == ANSWER
    assert await streaming.get_cloudflare_turn_credentials_async(hf_token="face", client=None) == ANSWER
    assert service.asked == [
        ("POST", "/v1/turn/keys/key%2F1/credentials/generate-ice-servers", "Bearer token", '{"ttl": 30}'),
        ("POST", "/v1/turn/keys/key2/credentials/generate-ice-servers", "Bearer token2", '{"ttl": 600}'),
        ("GET", "/credentials?ttl=600", "Bearer face", ""),
    ]


async def test_a_call_that_names_no_method(service: Service, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A TURN server of one's own comes first; without one a key or token for Cloudflare is used, as in FastRTC."""
    settings.RTC_ICE_SERVERS, settings.TURN_SECRET = [STUN], ""
    assert streaming.get_turn_credentials(turn_key_id="key", turn_key_api_token="token") == ANSWER
    monkeypatch.setenv("HF_TOKEN", "face")
    assert await streaming.get_turn_credentials_async(ttl=5) == ANSWER
    assert [asked[2] for asked in service.asked] == ["Bearer token", "Bearer face"]
    settings.RTC_ICE_SERVERS, settings.TURN_SECRET = [TURN], "north"
    assert streaming.get_turn_credentials()["iceServers"][0]["urls"] == [TURN]
    assert len(service.asked) == 2


async def test_hugging_face(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials come for a token, passed or from the environment."""
    assert streaming.get_hf_turn_credentials("face", ttl=5) == ANSWER
    monkeypatch.setenv("HF_TOKEN", " face2 ")
    assert await streaming.get_hf_turn_credentials_async() == ANSWER
    assert streaming.get_turn_credentials("hf") == ANSWER
    assert [asked[1:3] for asked in service.asked] == [("/credentials?ttl=5", "Bearer face")] + [
        ("/credentials?ttl=600", "Bearer face2")
    ] * 2


def test_twilio(service: Service, settings: Settings) -> None:
    """Credentials come for account and token; its servers are relays, as in FastRTC."""
    service.answer = {"ice_servers": ANSWER["iceServers"], "ttl": "86400"}
    wanted = {**ANSWER, "iceTransportPolicy": "relay"}
    assert streaming.get_twilio_turn_credentials("AC1", "secret") == wanted
    settings.TWILIO_AUTH_TOKEN = "other"
    assert streaming.get_turn_credentials("twilio", twilio_sid="AC1") == wanted
    basics = [base64.b64decode(asked[2].removeprefix("Basic ")).decode() for asked in service.asked]
    assert basics == ["AC1:secret", "AC1:other"]
    assert service.asked[0][:2] == ("POST", "/2010-04-01/Accounts/AC1/Tokens.json")


@pytest.mark.parametrize("method", ["cloudflare", "hf", "twilio"])
def test_a_missing_secret_is_named(service: Service, method: str) -> None:
    """No request is sent without a secret."""
    with pytest.raises(ValueError, match="needs "):
        streaming.get_turn_credentials(method)
    assert service.asked == []


def test_a_service_that_refuses(service: Service) -> None:
    """The error names the service and the status, and neither the secret nor the response."""
    service.status, service.answer = 403, {"error": "bad token secret"}
    with pytest.raises(TurnError, match=r"^127\.0\.0\.1:\d+ gave no TURN credentials: status 403$"):
        streaming.get_hf_turn_credentials("secret")
    service.status, service.answer = 200, ["what"]
    with pytest.raises(TurnError, match="no JSON object"):
        streaming.get_hf_turn_credentials("secret")


def test_an_unreachable_service(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the service."""
    monkeypatch.setattr(turn_credentials, "HUGGING_FACE", "http://127.0.0.1:1/credentials")
    with pytest.raises(TurnError, match="gave no TURN credentials: URLError"):
        streaming.get_hf_turn_credentials("secret")
