"""Determines the address and scheme of the client from the headers of proxies in TRUSTED_PROXIES; other peers are not trusted.

It runs first for every connection, HTTP and WebSocket, on both servers. The servers' own options for this must be off (uvicorn:
`--no-proxy-headers`), because they replace the address of the peer, which this module needs to decide.
"""

import logging
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from django.conf import settings

from streaming.types.asgi import AsgiScope

logger = logging.getLogger(__name__)

Network = IPv4Network | IPv6Network
MAX_HOPS = 50
"""Limit of elements in X-Forwarded-For: no real chain of proxies is longer, and parsing takes time in the event loop."""
UNIX = "unix"
"""Word in TRUSTED_PROXIES for a proxy that connects over a Unix socket, where the peer has no address."""

_reported: set[str] = set()


def apply_forwarded(scope: AsgiScope) -> None:
    """Set `client` and `scheme` of an HTTP or WebSocket scope to those of the client behind the trusted proxies.

    `client` becomes None if the address is unknown; rate limits count all such clients as one.
    """
    elements = _list(scope, b"x-forwarded-for")
    hops = [element for element in elements if element]
    peer = scope.get("client")
    trusted = _is_trusted(str(peer[0]) if peer else UNIX, settings.TRUSTED_PROXIES)
    if len(elements) > MAX_HOPS:
        scope["client"] = None
    elif peer and hops and _was_rewritten(str(peer[0]), int(peer[1]), hops):
        _report(
            "rewritten",
            "the server replaced the address of its peer by X-Forwarded-For before Parley saw it, so client addresses are unknown"
            " and the limits count all clients as one: start uvicorn with --no-proxy-headers, and name the proxy in TRUSTED_PROXIES",
        )
        scope["client"] = None
    elif trusted and hops:
        client = _first_untrusted(hops, settings.TRUSTED_PROXIES)
        if client is None:
            _report("unreadable", "a proxy of TRUSTED_PROXIES sends an X-Forwarded-For that holds no IP address; such clients count as one")
        scope["client"] = (client, 0) if client else None
    elif hops:
        _report("untrusted", "X-Forwarded-For is ignored: it came from a peer that is not in TRUSTED_PROXIES")
    if trusted or (settings.SECURE_COOKIES and not settings.TRUSTED_PROXIES):
        _apply_proto(scope)


def _apply_proto(scope: AsgiScope) -> None:
    """Set the scheme from X-Forwarded-Proto. Without TRUSTED_PROXIES a client can forge it, but only for its own requests."""
    proto = _list(scope, b"x-forwarded-proto")[-1:]
    if proto and (scheme := proto[0].lower()) in ("http", "https", "ws", "wss"):
        secure = scheme in ("https", "wss")
        plain = "ws" if scope["type"] == "websocket" else "http"
        scope["scheme"] = f"{plain}s" if secure else plain


def _list(scope: AsgiScope, name: bytes) -> list[str]:
    """Return the elements of a comma-separated header, which may be repeated, in order; at most MAX_HOPS + 1 elements."""
    values = [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
    return [part.strip() for part in ",".join(values).rsplit(",", MAX_HOPS)] if values else []


def _first_untrusted(hops: Sequence[str], trusted: Iterable[Network | str]) -> str | None:
    """Return the rightmost hop that is not a trusted proxy, else the leftmost; None if an element that must be checked is no IP address."""
    for hop in reversed(hops):
        host = _address(_split_port(hop)[0])
        if host is None or not _is_trusted(host, trusted):
            return host
    return host


def _is_trusted(host: str, trusted: Iterable[Network | str]) -> bool:
    if host == UNIX:
        return UNIX in trusted
    address = _address(host)
    return address is not None and any(not isinstance(one, str) and ip_address(address) in one for one in trusted)


def _address(host: str) -> str | None:
    """Return an IP address in canonical form, an IPv4-mapped IPv6 address as IPv4; None for any other text."""
    try:
        parsed = ip_address(host)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return str(mapped or parsed)


def _was_rewritten(host: str, port: int, hops: Sequence[str]) -> bool:
    """Return whether the server replaced the peer's address by the header: it is no IP address, has port 0, or equals one of the hops.

    The real port of a peer is never 0. A client that sends its own address and port in the header affects only itself.
    """
    return port == 0 or _address(host) is None or any((host, port) == _split_port(hop) for hop in hops)


def _split_port(hop: str) -> tuple[str, int]:
    """Return host and port of `host`, `host:port`, `[host]` or `[host]:port`, port 0 if missing. uvicorn parses them the same way."""
    if hop.startswith("["):
        host, _, rest = hop[1:].partition("]")
        known, port = rest == "" or rest.startswith(":"), rest.removeprefix(":")
    else:
        host, _, port = hop.partition(":")
        known = hop.count(":") == 1
    if not known:
        return hop, 0
    try:
        return host, int(port)
    except ValueError:
        return (host, 0) if hop.startswith("[") else (hop, 0)


def _report(problem: str, message: str) -> None:
    """Log a configuration problem once per process, because every request would repeat it."""
    if problem not in _reported:
        _reported.add(problem)
        logger.log(logging.WARNING if problem == "untrusted" else logging.ERROR, "%s", message)
