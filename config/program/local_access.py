"""Who may use a program's streams without an account: programs and pages on this machine, if only this machine reaches the server.

A server that is bound to a loopback address is reached by every page in the browsers of its machine, too. Therefore the Host header (a name
of somebody else that was pointed to 127.0.0.1), the Origin header (a page of another site) and the headers of proxies (a tunnel, which
brings others) count as well.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from streaming.types.asgi import AsgiScope

_FORWARDING = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via", b"cf-connecting-ip")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine's loopback: `localhost`, a name below it, or such an IP address, in brackets or not."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


class LocalAccess:
    """The rule for one server. `bind` has to be called with the addresses that it listens on before it serves."""

    def __init__(self) -> None:
        self.loopback_only = False

    def bind(self, addresses: Iterable[str]) -> None:
        """Take the addresses that the server's sockets are really bound to."""
        bound = list(addresses)
        self.loopback_only = bool(bound) and all(is_loopback(address) for address in bound)

    def refuses_host(self, scope: AsgiScope) -> bool:
        """Return whether a request names a host that it may not: on a loopback address that is an attempt of another site's page."""
        hosts = _headers(scope, b"host")
        domain, _ = split_domain_port(hosts[0]) if len(hosts) == 1 else ("", "")
        return self.loopback_only and not is_loopback(domain) and not (domain and validate_host(domain, settings.ALLOWED_HOSTS))

    def is_local(self, scope: AsgiScope) -> bool:
        """Return whether a request comes from a program or page of this machine."""
        if not self.loopback_only or any(name.lower() in _FORWARDING for name, _ in scope["headers"]):
            return False
        client = scope.get("client")
        hosts = _headers(scope, b"host")
        if not client or not is_loopback(client[0]) or len(hosts) != 1 or not is_loopback(split_domain_port(hosts[0])[0]):
            return False
        origins = _headers(scope, b"origin")
        if origins:
            return all(_is_local_origin(origin) for origin in origins)
        # Browsers send no Origin with the GET of an image or script in a page of another site, but say so here.
        from_elsewhere = "cross-site" in _headers(scope, b"sec-fetch-site")
        return not from_elsewhere or _headers(scope, b"sec-fetch-mode") == ["navigate"]


def _is_local_origin(origin: str) -> bool:
    try:
        host = urlsplit(origin).hostname
    except ValueError:
        return False
    return origin in settings.CSRF_TRUSTED_ORIGINS or (host is not None and is_loopback(host))


def _headers(scope: AsgiScope, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == wanted]
