"""HTTP requests to URLs that users give: webhooks and imports. No request reaches a private network.

- http and https only, without user and password in the URL. Any port.
- Each hop resolves the host once, checks all addresses (`insights.public_addresses`) and connects to a checked one. TLS and the Host
  header keep the host's name.
- Redirects are followed here, with the same checks. Proxies of the environment are not used.
- A total time limit holds over all hops, beside a limit for each read; the body has a size limit. Compressed bodies are not requested and
  not accepted, so that the size counts what is stored.

Errors are sentences without the contents of a response. URLs never reach the log: they may hold secrets.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from ssl import SSLContext
from typing import BinaryIO
from urllib.parse import urljoin

import httpcore
import httpx

from insights import public_addresses
from insights.checked_stream import STEP_S, RequestDeadline, connect
from insights.public_addresses import Address, UnknownHost, UrlRefused

__all__ = ["Download", "FetchFailed", "Reply", "UrlRefused", "check_url", "download", "post"]

MOST_REDIRECTS = 5
MOST_URL = 2048
MOST_REPLY_BYTES = 64 * 1024
"""Bytes that `post` reads of a response; the rest is not read."""
CHECK_S = 2.0
"""Seconds that `check_url` waits for the resolver."""
_HOST = re.compile(rb"[A-Za-z0-9._:-]+")
_KEEP_METHOD, _REDIRECTS = (307, 308), (301, 302, 303, 307, 308)
_UNREACHABLE = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
)


class FetchFailed(Exception):
    """The request failed, or its response cannot be used. The text is a sentence for the sender of the URL."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The response to `post`; `body` has at most `MOST_REPLY_BYTES` bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Download:
    """What `download` has written: the stated media type (may be empty) and the number of bytes."""

    content_type: str
    size: int


def check_url(url: str) -> None:
    """Raise UrlRefused for a URL that no request would be sent to.

    A host name that is not known within `CHECK_S` seconds is accepted: it is checked again, and finally, when a request is sent.
    """
    parsed = _parse(url)
    with suppress(UnknownHost):
        public_addresses.check_addresses(public_addresses.resolve(parsed.raw_host.decode("ascii"), _port(parsed), CHECK_S))


def post(url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float) -> Reply:
    """Send a POST and return the response, whatever its status.

    Redirects with 307 and 308 are followed; 301, 302 and 303 would turn the request into a GET, so they are returned. Raises UrlRefused and
    FetchFailed.
    """
    with _response("POST", url, body, headers, RequestDeadline(timeout_s), _KEEP_METHOD) as response:
        received = bytearray()
        for chunk in response.iter_raw():
            received += chunk
            if len(received) >= MOST_REPLY_BYTES:
                break
        return Reply(response.status_code, dict(response.headers), bytes(received[:MOST_REPLY_BYTES]))


def download(
    url: str,
    file: BinaryIO,
    *,
    most_bytes: int,
    timeout_s: float,
    on_progress: Callable[[int, int | None], None] | None = None,
    check: Callable[[], None] = lambda: None,
) -> Download:
    """Write the body of a GET to a file, in chunks.

    `on_progress` is called with the bytes received and the size that the server stated (None if it did not), `check` twice a second
    while the server is awaited; an exception that they raise ends the request and is raised here. Raises UrlRefused, and FetchFailed for
    any status but 2xx and for more than `most_bytes` bytes.
    """
    with _response("GET", url, b"", {}, RequestDeadline(timeout_s, check), _REDIRECTS) as response:
        if not response.is_success:
            raise FetchFailed(f"the server of the URL answered with status {response.status_code}")
        if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise FetchFailed("the server of the URL sent a compressed body although none was requested")
        stated = response.headers.get("content-length", "")
        total = int(stated) if stated.isascii() and stated.isdecimal() else None
        too_large = FetchFailed(f"the file at the URL is larger than {most_bytes} bytes")
        if total is not None and total > most_bytes:
            raise too_large
        size = 0
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > most_bytes:
                raise too_large
            rest = memoryview(chunk)
            while rest:  # an unbuffered file may take fewer bytes, as on a disk that is nearly full
                rest = rest[file.write(rest) :]
            if on_progress is not None:
                on_progress(size, total)
        return Download(response.headers.get("content-type", ""), size)


@contextmanager
def _response(
    method: str, url: str, body: bytes, headers: Mapping[str, str], deadline: RequestDeadline, redirects: tuple[int, ...]
) -> Iterator[httpx.Response]:
    """Send a request, follow redirects, and yield the last response; errors while its body is read are translated, too."""
    sent, parsed = {**headers, "Accept-Encoding": "identity", "User-Agent": "Parley"}, _parse(url)
    try:
        for _ in range(MOST_REDIRECTS + 1):
            addresses = _checked_addresses(parsed, deadline)
            with (
                httpx.Client(transport=_PinnedTransport(addresses, deadline), trust_env=False, timeout=STEP_S) as client,
                client.stream(method, parsed, content=body or None, headers=sent) as response,
            ):
                if response.status_code not in redirects or "location" not in response.headers:
                    yield response
                    return
                location = response.headers["location"]
            source, parsed = parsed, _redirected(parsed, location)
            if _origin(source) != _origin(parsed):
                sent.pop("Authorization", None)
    except httpcore.TimeoutException:
        raise FetchFailed(f"the server of the URL did not answer within {deadline.limit_s:g} s") from None
    except _UNREACHABLE as error:
        raise FetchFailed(f"the server of the URL cannot be reached ({type(error).__name__})") from None
    raise FetchFailed(f"the URL redirects more than {MOST_REDIRECTS} times")


def _parse(url: str) -> httpx.URL:
    """Return a URL that may be fetched as far as its text says."""
    if len(url) > MOST_URL:
        raise UrlRefused(f"the URL is longer than {MOST_URL} characters")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise UrlRefused("this is not a URL; an absolute URL such as https://example.org/path is needed") from None
    if parsed.scheme not in ("http", "https"):
        raise UrlRefused("the URL must start with https:// or http://")
    if parsed.userinfo:
        raise UrlRefused("the URL must not contain a user name or password")
    if not parsed.host:
        raise UrlRefused("the URL has no host")
    if not _HOST.fullmatch(parsed.raw_host):
        raise UrlRefused("the host of the URL is neither a host name nor an IP address")
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise UrlRefused("the port of the URL must be between 1 and 65535")
    return parsed.copy_with(fragment=None)


def _redirected(source: httpx.URL, location: str) -> httpx.URL:
    """Return the URL of a Location header."""
    try:
        return _parse(urljoin(str(source), location))
    except (UrlRefused, ValueError) as error:
        reason = str(error) if isinstance(error, UrlRefused) else "it is not a URL"
        raise UrlRefused(f"the URL redirects to one that is refused: {reason}") from None


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, _port(url)


def _checked_addresses(url: httpx.URL, deadline: RequestDeadline) -> list[Address]:
    """Resolve the host of a URL once. Raises UrlRefused if one of its addresses is not allowed, and FetchFailed if it has none."""
    try:
        addresses = public_addresses.resolve(url.raw_host.decode("ascii"), _port(url), min(STEP_S, deadline.left()), deadline.check)
    except UnknownHost:
        raise FetchFailed("the host name of the URL is not known") from None
    public_addresses.check_addresses(addresses)
    return addresses


class _PinnedBackend(httpcore.NetworkBackend):
    """Connects to the given addresses, whatever host is asked for, and keeps the deadline."""

    def __init__(self, addresses: list[Address], deadline: RequestDeadline) -> None:
        self._addresses = addresses
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that accepts."""
        failed: Exception = httpcore.ConnectError()
        for address in self._addresses:
            try:
                return connect(address, port, self._deadline, timeout)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed


class _PinnedTransport(httpx.BaseTransport):
    """httpx's transport over a connection of `_PinnedBackend`; httpx's own has no parameter for the back end."""

    def __init__(self, addresses: list[Address], deadline: RequestDeadline) -> None:
        self._pool = httpcore.ConnectionPool(_tls(), max_connections=1, network_backend=_PinnedBackend(addresses, deadline))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its response, whose body is not read yet."""
        url = request.url
        response = self._pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response), extensions=response.extensions)

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """The body of a response of httpcore."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        """End the response."""
        self._response.close()


@cache
def _tls() -> SSLContext:
    """Return the context of the process: certificates of certifi, or of SSL_CERT_FILE or SSL_CERT_DIR."""
    return httpx.create_ssl_context()
