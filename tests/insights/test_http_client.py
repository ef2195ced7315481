"""`insights.http_client` and `insights.public_addresses`: requests to URLs that users give."""

import contextlib
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import BinaryIO

import pytest

from insights import checked_stream, http_client, public_addresses
from insights.http_client import FetchFailed, UrlRefused
from tests.certificates import make_certificate
from tests.http_server import Received, answer, http_server

LOOPBACK = [ip_network("127.0.0.0/8")]


@pytest.fixture
def local(settings) -> None:  # type: ignore[no-untyped-def]
    """Allow the loopback network, as the tests' servers are there."""
    settings.ALLOWED_NETWORKS = LOOPBACK


def fetch(url: str, most_bytes: int = 1000, timeout_s: float = 20) -> bytes:
    """Return the body of a download."""
    file = io.BytesIO()
    http_client.download(url, file, most_bytes=most_bytes, timeout_s=timeout_s)
    return file.getvalue()


def names(monkeypatch: pytest.MonkeyPatch, **answers: list[str]) -> list[str]:
    """Let the resolver give these answers (`_` in names stands for `.`), one item at each look-up; return the list of look-ups."""
    looked_up: list[str] = []
    real = public_addresses._look_up

    def look_up(host: str, port: int) -> list[str]:
        looked_up.append(host)
        left = answers.get(host.replace(".", "_"))
        if left is None:
            return real(host, port)
        return (left.pop(0) if len(left) > 1 else left[0]).split()

    monkeypatch.setattr(public_addresses, "_look_up", look_up)
    return looked_up


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",  # decimal
        "0x7f.1",
        "0177.0.0.1",  # octal
        "127.1",
        "localhost",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",  # shared (CGNAT)
        "192.0.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[2001:db8::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::127.0.0.1]",
        "[64:ff9b::10.0.0.1]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",  # 6to4 of 127.0.0.1
        "[2001:0:808:808::f5ff:fffe]",  # Teredo of 10.0.0.1
    ],
)
def test_hosts_that_are_not_public_are_refused(host: str) -> None:
    """No form of a private, local, shared, reserved or multicast address is accepted."""
    with pytest.raises(UrlRefused, match="not public|not a URL"):
        http_client.check_url(f"http://{host}/file")
    with pytest.raises(UrlRefused, match="not public|not a URL"):
        fetch(f"http://{host}:8080/file")


@pytest.mark.parametrize("host", ["8.8.8.8", "[2606:4700::1]", "[64:ff9b::8.8.8.8]", "[2002:808:808::1]"])
def test_public_addresses_are_accepted(host: str) -> None:
    """Public addresses pass, also inside NAT64 and 6to4."""
    http_client.check_url(f"https://{host}:8443/file")


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("ftp://8.8.8.8/x", "https://"),
        ("file:///etc/passwd", "https://"),
        ("//8.8.8.8/x", "https://"),
        ("x", "https://"),
        ("", "https://"),
        ("http://user:secret@8.8.8.8/", "user name"),
        ("http://user@8.8.8.8/", "user name"),
        ("http://", "no host"),
        ("http:///x", "no host"),
        ("http://8.8.8.8:99999/", "between 1 and 65535"),
        ("http://8.8.8.8:x/", "not a URL"),
        ("http://[::1/", "not a URL"),
        ("http://a b/", "neither a host name"),
        ("http://8.8.8.8/\r\nX: y", "not a URL"),
        ("http://8.8.8.8/\x00", "not a URL"),
        ("http://8.8.8.8/" + "a" * 3000, "2048"),
        ("http://\ud800/", "not a URL"),
    ],
)
def test_other_urls_are_refused_with_a_sentence(url: str, named: str) -> None:
    """Each malformed or forbidden URL gets a sentence that names what is wrong, and does not repeat a password."""
    with pytest.raises(UrlRefused, match=named) as caught:
        http_client.check_url(url)
    assert "secret" not in str(caught.value)


def test_an_unknown_host_is_accepted_first_and_fails_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without an address is no reason to refuse a URL; fetching it fails."""
    names(monkeypatch, nowhere_example=[""])
    http_client.check_url("http://nowhere.example/")
    with pytest.raises(FetchFailed, match="host name"):
        fetch("http://nowhere.example/")


def test_one_private_address_of_several_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with a public and a private address is refused."""
    names(monkeypatch, mixed_example=["8.8.8.8 10.0.0.1"])
    with pytest.raises(UrlRefused):
        http_client.check_url("http://mixed.example/")


def test_a_rebinding_name_is_not_looked_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to the address that was checked, although the resolver would answer 127.0.0.1 next."""
    with http_server(answer(200, b"secret")) as server:
        looked_up = names(monkeypatch, rebind_example=["192.0.2.1", "127.0.0.1"])
        monkeypatch.setattr(public_addresses, "_is_public", lambda address: str(address) == "192.0.2.1")
        with pytest.raises(FetchFailed):
            fetch(f"http://rebind.example:{server.port}/", timeout_s=1)
        assert looked_up == ["rebind.example"]
        assert server.requests == []
        with pytest.raises(UrlRefused):  # the second answer is checked as the first
            fetch(f"http://rebind.example:{server.port}/", timeout_s=1)


def test_a_resolver_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking a name up takes no longer than the total time."""
    monkeypatch.setattr(public_addresses, "_look_up", lambda host, port: time.sleep(30) or [])
    started = time.monotonic()
    with pytest.raises(FetchFailed):
        fetch("http://slow.example/", timeout_s=0.3)
    assert time.monotonic() - started < 15


def test_a_download_keeps_host_and_writes_the_body(local: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request goes to the resolved address with the name of the host, asks for no compression, and reports progress."""
    names(monkeypatch, files_example=["127.0.0.1"])
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    file, seen = io.BytesIO(), []
    with http_server(answer(200, b"abc" * 100, Content_Type="audio/wav")) as server:
        result = http_client.download(
            f"http://files.example:{server.port}/a?b=c#d",
            file,
            most_bytes=300,
            timeout_s=20,
            on_progress=lambda size, total: seen.append((size, total)),
        )
        request = server.requests[0]
    assert (result.content_type, result.size, file.getvalue()) == ("audio/wav", 300, b"abc" * 100)
    assert request.line == "GET /a?b=c HTTP/1.1"
    assert request.headers["host"] == f"files.example:{server.port}"
    assert request.headers["accept-encoding"] == "identity"
    assert seen[-1] == (300, 300)


def test_an_exception_of_on_progress_ends_the_download(local: None) -> None:
    """The caller may cancel by an exception of any class, and gets that one."""

    def cancel(size: int, total: int | None) -> None:
        raise ValueError("cancelled")

    with http_server(answer(200, b"abc")) as server, pytest.raises(ValueError, match="cancelled"):
        http_client.download(f"http://127.0.0.1:{server.port}/", io.BytesIO(), most_bytes=10, timeout_s=20, on_progress=cancel)


def test_an_exception_of_check_ends_the_wait_for_a_silent_server(local: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that downloads from a server that sends nothing can be cancelled."""
    with http_server(silent) as server, pytest.raises(KeyError, match="cancelled"):
        http_client.download(f"http://127.0.0.1:{server.port}/", io.BytesIO(), most_bytes=10, timeout_s=60, check=cancelled(monkeypatch))


def cancelled(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a check that lets some waits pass and then raises."""
    monkeypatch.setattr(checked_stream, "WAIT_S", 0.01)
    monkeypatch.setattr(public_addresses, "WAIT_S", 0.01)
    calls: list[int] = []

    def check() -> None:
        calls.append(1)
        if len(calls) == 10:
            raise KeyError("cancelled")

    return check


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_takes_no_connection_is_not_waited_for(local: None, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """A check ends the wait for the connection, and the one for TLS."""
    with socket.socket() as listening, contextlib.ExitStack() as waiting:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0 if scheme == "http" else 8)
        for _ in range(4 if scheme == "http" else 0):  # they fill the queue, so that the system answers no further one
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listening.getsockname())
        url = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}/"
        with pytest.raises(KeyError, match="cancelled"):
            http_client.download(url, io.BytesIO(), most_bytes=10, timeout_s=60, check=cancelled(monkeypatch))


def test_a_resolver_is_not_waited_for(local: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check ends the wait for the address of a host."""
    answered = threading.Event()
    monkeypatch.setattr(public_addresses, "_look_up", lambda host, port: answered.wait(60) and ["127.0.0.1"])
    try:
        with pytest.raises(KeyError, match="cancelled"):
            http_client.download("http://slow.example/", io.BytesIO(), most_bytes=10, timeout_s=60, check=cancelled(monkeypatch))
    finally:
        answered.set()


def test_redirects_are_followed_and_checked(local: None) -> None:
    """A redirect to an allowed server is followed; one to the metadata address or to a file is refused."""
    with http_server(answer(200, b"here")) as target:
        for location, expected in (
            (f"http://127.0.0.1:{target.port}/x", b"here"),
            ("http://169.254.169.254/latest/meta-data", None),
            ("//169.254.169.254/latest", None),
            ("http://0xa9fea9fe/", None),
            ("file:///etc/passwd", None),
            ("http://[::1/", None),
            ("http://user:secret@127.0.0.1/", None),
        ):
            with http_server(answer(302, Location=location)) as first:
                if expected is None:
                    with pytest.raises((UrlRefused, FetchFailed), match="redirects to one that is refused|not public|ProtocolError"):
                        fetch(f"http://127.0.0.1:{first.port}/")
                else:
                    assert fetch(f"http://127.0.0.1:{first.port}/") == expected


def test_too_many_redirects(local: None) -> None:
    """After five redirects the request fails."""
    with http_server(answer(302, Location="/again")) as server:
        with pytest.raises(FetchFailed, match="more than 5"):
            fetch(f"http://127.0.0.1:{server.port}/")
        assert len(server.requests) == 6


def test_post_follows_only_redirects_that_keep_the_body(local: None) -> None:
    """307 sends the same body again, without Authorization to another origin; 302 is returned as it is."""
    with http_server(answer(200, b"ok")) as target:
        with http_server(answer(307, Location=f"http://127.0.0.1:{target.port}/t")) as first:
            reply = http_client.post(f"http://127.0.0.1:{first.port}/", b"{}", {"Authorization": "x", "webhook-id": "1"}, timeout_s=20)
        assert (reply.status, reply.body) == (200, b"ok")
        sent = target.requests[0]
        assert (sent.body, sent.headers["webhook-id"]) == (b"{}", "1")
        assert "authorization" not in sent.headers
        with http_server(answer(302, Location=f"http://127.0.0.1:{target.port}/t")) as first:
            assert http_client.post(f"http://127.0.0.1:{first.port}/", b"{}", {}, timeout_s=20).status == 302
        assert len(target.requests) == 1


def endless(request: Received, out: BinaryIO) -> None:
    """Write a body without end."""
    out.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        out.write(b"x" * 65536)


def drip(request: Received, out: BinaryIO) -> None:
    """Write a byte every 50 ms."""
    out.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
    while True:
        out.write(b"x")
        time.sleep(0.05)


def drip_headers(request: Received, out: BinaryIO) -> None:
    """Write headers for ever."""
    out.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        out.write(b"x")
        time.sleep(0.05)


def silent(request: Received, out: BinaryIO) -> None:
    """Write nothing."""
    time.sleep(5)


def gzipped(request: Received, out: BinaryIO) -> None:
    """Claim a compressed body."""
    answer(200, b"\x1f\x8b", Content_Encoding="gzip")(request, out)


def truncated(request: Received, out: BinaryIO) -> None:
    """State more bytes than there are."""
    out.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")


def garbage(request: Received, out: BinaryIO) -> None:
    """Write what is not HTTP."""
    out.write(b"\x00\xff" * 100 + b"\r\n\r\n")


@pytest.mark.parametrize(
    ("respond", "named"),
    [
        (endless, "larger than 1000 bytes"),
        (answer(200, b"x" * 1001), "larger than 1000 bytes"),
        (drip, "within 0.5 s"),
        (drip_headers, "within 0.5 s"),
        (silent, "within 0.5 s"),
        (gzipped, "compressed"),
        (truncated, "cannot be reached"),
        (garbage, "cannot be reached"),
        (answer(404, b"what is inside"), "status 404"),
        (answer(304), "status 304"),
    ],
)
def test_responses_that_cannot_be_used(local: None, respond, named: str) -> None:  # type: ignore[no-untyped-def]
    """Each response that is too large, too slow or broken fails with a sentence, and without its body."""
    with http_server(respond) as server:
        started = time.monotonic()
        with pytest.raises(FetchFailed, match=named) as caught:
            fetch(f"http://127.0.0.1:{server.port}/", timeout_s=0.5 if "0.5" in named else 30)
        assert time.monotonic() - started < 20
        assert "inside" not in str(caught.value)


def test_post_reads_a_limited_part_of_the_reply(local: None) -> None:
    """An endless reply to a POST is cut off."""
    with http_server(endless) as server:
        assert len(http_client.post(f"http://127.0.0.1:{server.port}/", b"{}", {}, timeout_s=20).body) == http_client.MOST_REPLY_BYTES


def test_a_refused_connection_is_a_sentence(local: None) -> None:
    """A closed port fails without details of the socket."""
    with http_server(answer(200)) as server:
        port = server.port
    with pytest.raises(FetchFailed, match="cannot be reached"):
        fetch(f"http://127.0.0.1:{port}/")


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A certificate of tls.example that the client trusts, with its key."""
    file = make_certificate(tmp_path, "tls.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    http_client._tls.cache_clear()
    yield file
    http_client._tls.cache_clear()


def test_tls_uses_the_name_of_the_host(local: None, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server name in TLS is the host of the URL, and the certificate must be of that host."""
    names(monkeypatch, tls_example=["127.0.0.1"], other_example=["127.0.0.1"])
    asked: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    with http_server(answer(200, b"private"), context) as server:
        assert fetch(f"https://tls.example:{server.port}/") == b"private"
        assert asked == ["tls.example"]
        for host in ("other.example", "127.0.0.1"):
            with pytest.raises(FetchFailed, match="cannot be reached"), contextlib.suppress(ConnectionError):
                fetch(f"https://{host}:{server.port}/")


def test_allowed_networks_also_count_for_embedded_addresses(settings) -> None:  # type: ignore[no-untyped-def]
    """A named network is reachable in every form of its addresses; all others stay refused."""
    settings.ALLOWED_NETWORKS = [ip_network("10.1.0.0/16"), ip_network("fd00::/8")]
    for host in ("10.1.2.3", "[::ffff:10.1.2.3]", "[fd12::1]"):
        http_client.check_url(f"http://{host}/")
    for host in ("10.2.0.1", "[::ffff:10.2.0.1]", "[fc00::1]", "127.0.0.1"):
        with pytest.raises(UrlRefused):
            http_client.check_url(f"http://{host}/")
