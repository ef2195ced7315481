"""Trusted proxies: the client's address and scheme."""

import logging
from typing import Any

import pytest
from django.conf import LazySettings
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from config import trusted_proxies
from config.env import Env
from config.trusted_proxies import apply_forwarded

PROXY = "10.0.0.5"


def scope_of(peer: str | None, *forwarded: str, kind: str = "http", proto: str = "") -> dict[str, Any]:
    """Return the scope of a connection from a peer, with these X-Forwarded-For headers."""
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    if proto:
        headers.append((b"x-forwarded-proto", proto.encode()))
    scheme = "ws" if kind == "websocket" else "http"
    return {"type": kind, "scheme": scheme, "client": [peer, 51000] if peer else None, "headers": headers}


def client_of(peer: str | None, *forwarded: str) -> str | None:
    """Return the client's address that Parley uses."""
    scope = scope_of(peer, *forwarded)
    apply_forwarded(scope)
    return str(scope["client"][0]) if scope["client"] else None


@pytest.fixture(autouse=True)
def _reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trusted_proxies, "_reported", set())


@pytest.fixture
def trusted(settings: LazySettings) -> None:
    """Trust a proxy, a network of proxies, and a proxy on a Unix socket."""
    proxies = f"{PROXY}, 10.1.0.0/16, 2001:db8::/32, unix"
    settings.TRUSTED_PROXIES = Env({"HOSTS": proxies}).networks("HOSTS", "", words=("unix",))


def test_by_default_no_proxy_is_trusted(caplog: pytest.LogCaptureFixture) -> None:
    """Not even 127.0.0.1 is trusted, and the log says so once."""
    for peer in ("127.0.0.1", PROXY, "203.0.113.9"):
        assert client_of(peer, "198.51.100.1") == peer
    assert caplog.text.count("is not in TRUSTED_PROXIES") == 1


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        (PROXY, ("198.51.100.1",), "198.51.100.1"),
        (PROXY, ("1.1.1.1, 198.51.100.1",), "198.51.100.1"),  # the client invented the first
        (PROXY, ("1.1.1.1", "198.51.100.1"), "198.51.100.1"),  # in two headers
        (PROXY, ("198.51.100.1, 10.1.2.3",), "198.51.100.1"),  # two proxies in a row
        (PROXY, ("10.1.2.3, 10.1.2.4",), "10.1.2.3"),  # the client is among the trusted
        (PROXY, ("198.51.100.1:4711",), "198.51.100.1"),
        (PROXY, ("[2001:db9::7]:4711",), "2001:db9::7"),
        (PROXY, ("2001:DB9:0::7",), "2001:db9::7"),
        (PROXY, ("::ffff:198.51.100.1",), "198.51.100.1"),
        (PROXY, ("198.51.100.1, unknown",), None),  # the trusted proxy itself does not know
        (PROXY, ("unknown",), None),
        (PROXY, ("é, \x00",), None),
        (PROXY, (" , ",), PROXY),
        (PROXY, (), PROXY),
        ("::ffff:10.0.0.5", ("198.51.100.1",), "198.51.100.1"),
        ("2001:db8::1", ("198.51.100.1",), "198.51.100.1"),
        (PROXY, (", ".join(["198.51.100.1"] * 51),), None),  # no chain of proxies is as long
        (None, ("198.51.100.1",), "198.51.100.1"),  # a Unix socket
        ("203.0.113.9", ("198.51.100.1",), "203.0.113.9"),
        ("203.0.113.9", (PROXY,), "203.0.113.9"),
    ],
)
def test_the_rightmost_address_that_is_no_proxy_counts(
    trusted: None, peer: str | None, forwarded: tuple[str, ...], client: str | None
) -> None:
    """The client wrote everything to the left of it."""
    assert client_of(peer, *forwarded) == client


def test_a_unix_socket_is_not_trusted_unless_named() -> None:
    """The peer has no address on a Unix socket, and so the client has none."""
    assert client_of(None, "198.51.100.1") is None


@pytest.mark.parametrize("allowed", ["127.0.0.1", "*"])
@pytest.mark.parametrize(
    "forwarded",
    [
        "198.51.100.1",
        "198.51.100.1:4711",
        "198.51.100.1:-1",
        "198.51.100.1:99999",
        "[2001:db9::7]:4711",
        "2001:db9::7",
        "nonsense",
        "a:b",
    ],
)
async def test_an_address_that_uvicorn_took_from_the_header_is_not_trusted(
    trusted: None, caplog: pytest.LogCaptureFixture, allowed: str, forwarded: str
) -> None:
    """Without --no-proxy-headers uvicorn trusts 127.0.0.1: the client is then unknown, and the log names the option once."""
    scopes = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        apply_forwarded(scope)
        scopes.append(scope)

    for _ in range(2):
        await ProxyHeadersMiddleware(application, allowed)(scope_of("127.0.0.1", forwarded), None, None)  # type: ignore[arg-type]
    assert [scope["client"] for scope in scopes] == [None, None]
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "--no-proxy-headers" in errors[0]


async def test_an_address_before_many_elements_is_not_trusted() -> None:
    """uvicorn uses the first element if it trusts all proxies, however many elements there are."""
    scopes = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        apply_forwarded(scope)
        scopes.append(scope)

    for rest in ("," * 60, ",,", ",127.0.0.1" * 60):
        await ProxyHeadersMiddleware(application, "*")(scope_of("127.0.0.1", "198.51.100.1:5" + rest), None, None)  # type: ignore[arg-type]
    assert [scope["client"] for scope in scopes] == [None, None, None]


async def test_uvicorn_keeps_the_peer_where_the_last_hop_is_empty() -> None:
    """uvicorn does not rewrite the peer then, so the peer counts and the header does not."""
    scopes = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        apply_forwarded(scope)
        scopes.append(scope)

    await ProxyHeadersMiddleware(application)(scope_of("127.0.0.1", "198.51.100.1 ,"), None, None)  # type: ignore[arg-type]
    assert scopes[0]["client"][0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("kind", "proto", "scheme"),
    [
        ("http", "https", "https"),
        ("http", "HTTPS", "https"),
        ("http", "http, https", "https"),
        ("http", "nonsense", "http"),
        ("websocket", "https", "wss"),
        ("websocket", "wss", "wss"),
        ("websocket", "http", "ws"),
    ],
)
def test_the_scheme_of_a_trusted_proxy_counts(trusted: None, kind: str, proto: str, scheme: str) -> None:
    """Of several schemes the one of the nearest proxy counts, for pages and sockets."""
    scope = scope_of(PROXY, kind=kind, proto=proto)
    apply_forwarded(scope)
    assert scope["scheme"] == scheme


def test_the_scheme_of_other_peers_is_ignored(trusted: None, settings: LazySettings) -> None:
    """With TRUSTED_PROXIES no other peer's scheme counts, also on an HTTPS site."""
    settings.SECURE_COOKIES = True
    scope = scope_of("203.0.113.9", proto="https")
    apply_forwarded(scope)
    assert scope["scheme"] == "http"


@pytest.mark.parametrize(("secure", "scheme"), [(True, "https"), (False, "http")])
def test_without_trusted_proxies_the_scheme_counts_where_the_site_is_https(settings: LazySettings, secure: bool, scheme: str) -> None:
    """An older installation with SECURE_COOKIES alone gets no endless redirect."""
    settings.SECURE_COOKIES = secure
    scope = scope_of("203.0.113.9", proto="https")
    apply_forwarded(scope)
    assert scope["scheme"] == scheme
