"""Allowed Host headers over HTTP and WebSocket, and redirects to HTTPS."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.test.utils import override_settings

from config.env import Env, SettingError
from config.hosts import host_is_allowed
from tests.servers import Server


@pytest.mark.parametrize(
    "value", ["https://x", "talk.example.org:8000", "talk.example.org/", "::1", "a b", "under_score.example", "-x", ""]
)
def test_a_host_that_can_never_match_is_refused_by_name(value: str) -> None:
    """The message describes a valid host; an empty setting means its default."""
    if not value:
        assert Env({"HOSTS": value}).hosts("HOSTS", "localhost", "") == ["localhost"]
        return
    with pytest.raises(SettingError, match=r"HOSTS=.*without scheme, port or path"):
        Env({"HOSTS": value}).hosts("HOSTS", "localhost", "")


@pytest.mark.parametrize(
    "value", ["talk.example.org", "Talk.Example.org.", ".example.org", "*", "10.0.0.5", "[::1]", "x", "xn--bcher-kva.example"]
)
def test_hosts(value: str) -> None:
    """Names, patterns of names and addresses match."""
    assert Env({"HOSTS": value}).hosts("HOSTS", "", "") == [value]


@pytest.mark.parametrize("value", ["10.0.0.5/8", "proxy.internal", "10.0.0.0/33", "*"])
def test_an_invalid_network_is_refused_by_name(value: str) -> None:
    """The message has the allowed form."""
    with pytest.raises(SettingError, match=r"HOSTS=.*allowed are an IP address .*, unix"):
        Env({"HOSTS": value}).networks("HOSTS", "", words=("unix",))


@pytest.mark.parametrize(
    ("hosts", "allowed"),
    [
        ([b"talk.example.org"], True),
        ([b"talk.example.org:8000"], True),
        ([b"TALK.example.org"], True),
        ([b"[::1]:8000"], True),
        ([b"evil.example"], False),
        ([b"talk.example.org.evil.example"], False),
        ([b"evil.example#talk.example.org"], False),
        ([b""], False),
        ([b"\xff"], False),
        ([], False),
        ([b"talk.example.org", b"evil.example"], False),
    ],
)
def test_the_host_of_a_websocket(settings: LazySettings, hosts: list[bytes], allowed: bool) -> None:
    """A handshake needs exactly one Host header, with a host of ALLOWED_HOSTS."""
    settings.ALLOWED_HOSTS = ["talk.example.org", "[::1]"]
    assert host_is_allowed({"headers": [(b"host", host) for host in hosts]}) is allowed


@pytest.fixture
def https(settings: LazySettings) -> LazySettings:
    """Use the settings that config/settings/ has for SECURE_COOKIES=1."""
    settings.SECURE_SSL_REDIRECT, settings.SECURE_REDIRECT_EXEMPT = True, [r"^(healthz|readyz)$"]
    settings.SECURE_HSTS_SECONDS = 30 * 86_400
    return settings


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_checks_by_address_over_plain_http(https: LazySettings, path: str) -> None:
    """Probes use the IP address and no TLS. (No recogniser is loaded, so /readyz may answer 503.)"""
    answer = Client(headers={"host": "10.9.8.7:8000"}).get(path)
    assert answer.status_code in ((200,) if path == "/healthz" else (200, 503))
    assert "status" in answer.json()


@pytest.mark.django_db
def test_other_pages_need_an_allowed_host(settings: LazySettings) -> None:
    """Other pages refuse a Host header with the IP address."""
    for path in ("/signin/", "/api/docs", "/healthz/", "/v1/conversations"):
        assert Client(headers={"host": "10.9.8.7:8000"}).get(path).status_code == 400, path


@pytest.mark.django_db
def test_plain_http_is_redirected_where_the_site_is_https(https: LazySettings) -> None:
    """An HTTPS request gets a response with HSTS."""
    plain: Any = Client().get("/signin/?next=/live/")
    assert (plain.status_code, plain["Location"]) == (301, "https://testserver/signin/?next=/live/")
    secure = Client().get("/api/docs", secure=True)
    assert secure.status_code == 200
    assert secure["Strict-Transport-Security"] == "max-age=2592000"
    with override_settings(SECURE_SSL_HOST="talk.example.org"):
        assert Client().get("/")["Location"] == "https://talk.example.org/"


@pytest.mark.django_db
def test_plain_http_works_by_default() -> None:
    """Local and LAN installations work without HTTPS."""
    answer = Client().get("/api/docs")
    assert answer.status_code == 200
    assert "Strict-Transport-Security" not in answer


def test_a_deployment_over_https_has_no_warning(tmp_path: Path) -> None:
    """`manage.py check --deploy` accepts the settings of docs/operate/deploy.md."""
    site = {"ALLOWED_HOSTS": "talk.example.org", "TRUSTED_ORIGINS": "https://talk.example.org", "SECURE_COOKIES": "1"}
    server = Server(tmp_path, site | {"SECRET_KEY": "Zw4x9" * 12, "TRUSTED_PROXIES": "10.0.0.5"})
    server.manage("check", "--deploy", "--fail-level", "WARNING")
