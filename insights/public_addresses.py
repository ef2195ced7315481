"""Which addresses of URLs that users give may be connected to: public ones, and those of the setting ALLOWED_NETWORKS.

A host name is resolved once. Each of its addresses is checked, and the connection goes to a checked address, so that a second answer of
the resolver (DNS rebinding) has no effect.
"""

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from django.conf import settings

Address = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")

WAIT_S = 0.5
"""Longest wait in seconds between two calls of the check of `resolve`."""


class UrlRefused(Exception):
    """A URL that must not be fetched. The text is a sentence for its sender, without the field's name and without a resolved address."""


class UnknownHost(Exception):
    """The host name has no address, or the resolver did not answer in time."""


def resolve(host: str, port: int, within_s: float, check: Callable[[], None] = lambda: None) -> list[Address]:
    """Return the addresses of a host name or literal. Raises UnknownHost if there is none within `within_s` seconds.

    `check` is called twice a second during the wait, and may raise.
    """
    answers: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(_look_up(host, port))
        except (OSError, UnicodeError):
            answers.put(None)

    # The system's resolver has no time-out that a caller may choose; a thread that waits longer ends by itself.
    threading.Thread(target=ask, name="resolve host", daemon=True).start()
    found, end = None, time.monotonic() + within_s
    while True:
        left = max(0.0, end - time.monotonic())
        try:
            found = answers.get(timeout=min(WAIT_S, left))
            break
        except queue.Empty:
            if left <= WAIT_S:
                break
        check()
    if not found:
        raise UnknownHost
    return [ip_address(text) for text in dict.fromkeys(found)]


def check_addresses(addresses: Iterable[Address]) -> None:
    """Raise UrlRefused unless every address may be connected to. One that may not is enough: the name is not a public server's."""
    if not all(map(_may_connect, addresses)):
        raise UrlRefused("the host of the URL has an address that is not public; allowed are public addresses")


def _look_up(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _may_connect(address: Address) -> bool:
    forms = [address, *_inner(address)]
    if any(_is_allowed(form) for form in forms):
        return True
    return all(map(_is_public, forms))


def _is_allowed(address: Address) -> bool:
    """Return whether the setting ALLOWED_NETWORKS has the address."""
    return any(address.version == network.version and address in network for network in settings.ALLOWED_NETWORKS)


def _inner(address: Address) -> list[IPv4Address]:
    """Return the IPv4 addresses to which a packet for an IPv6 address may go: mapped, NAT64, 6to4 or Teredo."""
    if isinstance(address, IPv4Address):
        return []
    inner = [found for found in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())) if found is not None]
    return [*inner, IPv4Address(int(address) & 0xFFFFFFFF)] if address in _NAT64 else inner


def _is_public(address: Address) -> bool:
    if address.is_multicast or address.is_unspecified or address.is_loopback or address.is_link_local:
        return False
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None or address in _NAT64:
            return True  # decided by the inner address
        if address.sixtofour is not None:
            return True
        return address in _GLOBAL_UNICAST and (address.teredo is not None or address.is_global)
    return address.is_global and not address.is_reserved
