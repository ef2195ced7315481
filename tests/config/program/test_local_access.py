"""Who counts as a user of this machine."""

from typing import Any

import pytest

from config.program.local_access import LocalAccess, is_loopback


def scope(host: str = "127.0.0.1:8000", client: str = "127.0.0.1", **headers: str) -> dict[str, Any]:
    """Return the scope of a request with these headers; underscores stand for hyphens."""
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "client": (client, 50_000), "headers": [(b"host", host.encode()), *pairs]}


@pytest.fixture
def access() -> LocalAccess:
    """The rule for a server on 127.0.0.1."""
    rule = LocalAccess()
    rule.bind(["127.0.0.1"])
    return rule


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("app.localhost.", True),
        ("127.8.9.1", True),
        ("[::1]", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_loopback_names(host: str, loopback: bool) -> None:
    """Only names and addresses of the loopback interface count."""
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "localhost", "[::1]:8000"])
def test_a_program_on_this_machine_is_local(access: LocalAccess, host: str) -> None:
    """Programs send no Origin."""
    assert access.is_local(scope(host))
    assert not access.refuses_host(scope(host))


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:8000", "https://[::1]"])
def test_a_page_on_this_machine_is_local(access: LocalAccess, origin: str) -> None:
    """A page of another port of this machine may use the streams, as with FastRTC."""
    assert access.is_local(scope(origin=origin))


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://[", "http://localhost.evil.example"])
def test_a_page_of_another_site_is_not_local(access: LocalAccess, origin: str) -> None:
    """A browser on this machine shows pages of anybody."""
    assert not access.is_local(scope(origin=origin))


def test_dns_rebinding_is_refused(access: LocalAccess) -> None:
    """A page whose name was pointed to 127.0.0.1 has that name in the Host header, with which it reaches nothing."""
    rebound = scope("evil.example:8000", origin="http://evil.example:8000")
    assert access.refuses_host(rebound)
    assert not access.is_local(rebound)
    for host in ("", ":8000", "evil.example", "127.0.0.1.evil.example"):
        assert access.refuses_host(scope(host)), host
        assert not access.is_local(scope(host)), host
    twice = scope()
    twice["headers"].append((b"host", b"evil.example"))
    assert access.refuses_host(twice)
    assert not access.is_local(twice)


def test_requests_of_a_proxy_are_not_local(access: LocalAccess) -> None:
    """A tunnel or proxy on this machine brings requests of others, perhaps with the Host header of this machine."""
    for name in ("x_forwarded_for", "forwarded", "via", "x_real_ip", "x_forwarded_host", "cf_connecting_ip"):
        assert not access.is_local(scope(**{name: "203.0.113.5"})), name


def test_an_image_in_a_page_of_another_site_is_not_local(access: LocalAccess) -> None:
    """Browsers send no Origin with it, but Sec-Fetch-Site; a link that somebody follows is local."""
    assert not access.is_local(scope(sec_fetch_site="cross-site", sec_fetch_mode="no-cors"))
    assert access.is_local(scope(sec_fetch_site="cross-site", sec_fetch_mode="navigate"))
    assert access.is_local(scope(sec_fetch_site="same-origin", sec_fetch_mode="cors"))


@pytest.mark.parametrize("addresses", [["0.0.0.0"], ["127.0.0.1", "192.0.2.7"], ["::"], []])
def test_on_other_addresses_nobody_is_local(addresses: list[str]) -> None:
    """The address that the socket is bound to counts, not the one of the request."""
    access = LocalAccess()
    access.bind(addresses)
    assert not access.is_local(scope())
    assert not access.refuses_host(scope("talk.example.org")), "Django checks ALLOWED_HOSTS"


def test_before_it_listens_nobody_is_local() -> None:
    """A rule without addresses allows nothing."""
    assert not LocalAccess().is_local(scope())


def test_hosts_of_the_settings(access: LocalAccess, settings: Any) -> None:
    """A name in ALLOWED_HOSTS reaches the server, but with an account only."""
    settings.ALLOWED_HOSTS = ["talk.example.org"]
    assert not access.refuses_host(scope("talk.example.org"))
    assert not access.is_local(scope("talk.example.org"))
