"""Limits on attempts: to sign in, to get a token, to change or reset a password, to create an account.

No account is locked: a limit applies to one address (IPv6: one /64 network), so an attacker elsewhere cannot lock a user out.
docs/adr/0076-first-account-and-guess-limits.md has the reasons.

- One account from one address: `TOKEN_TRIES_PER_MINUTE` failures in a minute.
- One account from all addresses: after `ACCOUNT_FAILURES` in ten minutes, each address has only `SLOW_FAILURES` in ten minutes.
- Codes of a second factor and mails, which need no password or only one step more: `MOST` in ten minutes for one account.
- One address, all accounts: `ADDRESS_FAILURES` in ten minutes, to which one account adds at most `SAME_ACCOUNT`.

django-allauth has limits of its own, which are off: `insights.portal.limited` applies these to its pages.

An account that succeeded from an address within the last `KNOWN_S` seconds is exempt from the second and third limit at that address.
"""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Literal

from django.conf import settings
from django.http import HttpRequest

from insights.access.rate_limit import rate_limit
from insights.database import release_connection

MINUTE_S, WINDOW_S = 60, 600
ACCOUNT_FAILURES = 50
SLOW_FAILURES = 3
ADDRESS_FAILURES = 50
MOST = {"code": 10, "mail": 5}
"""Failures of one account in ten minutes, from all addresses, after which these kinds are refused. Every mail counts as one."""
SAME_ACCOUNT = 5
"""Bounded so that one misconfigured program that retries without end does not use up the limit of all users behind its address."""
KNOWN_S = 30 * 86_400
IPV6_PREFIX = 64
"""Length of the prefix that is counted as one address: one IPv6 customer can use any address of a /64 network."""
UNKNOWN = "unknown"
"""Stands for the address of all clients without a known one; they share one limit."""

PASSWORD_WAIT_S = 20
"""Seconds that a request waits at most before its password is hashed."""
_password_checks = threading.BoundedSemaphore(max(1, (os.cpu_count() or 1) // 2))


class TooManyTries(Exception):
    """A limit on failed attempts is reached. Another attempt is allowed after at most `wait_s` seconds."""

    def __init__(self, message: str, wait_s: int) -> None:
        super().__init__(message)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: its kind, its account (or app id) and the client's address."""

    kind: Literal["signin", "token", "password", "setup", "code", "passkey", "mail", "signup"]
    account: str
    address: str

    def check(self) -> None:
        """Raise TooManyTries if a limit is reached. Then even the right credentials must be refused."""
        names = (self._minute, self._pair, self._account, self._network, self._known)
        minute, pair, account, network, known = rate_limit.counts(names).values()
        if minute >= settings.TOKEN_TRIES_PER_MINUTE:
            raise TooManyTries(f"At most {settings.TOKEN_TRIES_PER_MINUTE} wrong tries per minute are accepted.", MINUTE_S)
        if not known and ((account >= ACCOUNT_FAILURES and pair >= SLOW_FAILURES) or network >= ADDRESS_FAILURES):
            raise TooManyTries("Too many wrong tries. Try again in ten minutes.", WINDOW_S)
        if (most := MOST.get(self.kind)) and account >= most:
            raise TooManyTries("Too many wrong tries. Try again in ten minutes.", WINDOW_S)

    def failed(self) -> None:
        """Count a wrong password, secret or token."""
        rate_limit.add(self._minute, MINUTE_S)
        rate_limit.add(self._account, WINDOW_S)
        if rate_limit.add(self._pair, WINDOW_S) <= SAME_ACCOUNT:
            rate_limit.add(self._network, WINDOW_S)

    def succeeded(self) -> None:
        """Mark the address as known for this account, for `KNOWN_S` seconds."""
        rate_limit.mark(self._known, KNOWN_S)

    @property
    def _minute(self) -> str:
        return _name("minute", self.kind, self.account, network_of(self.address))

    @property
    def _pair(self) -> str:
        return _name("pair", self.kind, self.account, network_of(self.address))

    @property
    def _account(self) -> str:
        return _name("account", self.kind, self.account)

    @property
    def _network(self) -> str:
        return _name("network", network_of(self.address))

    @property
    def _known(self) -> str:
        return _name("known", self.kind, self.account, network_of(self.address))


@contextmanager
def password_check(attempt: Attempt) -> Iterator[None]:
    """Limit how many passwords are hashed at the same time: half as many as CPU cores, at least one.

    Hashing takes half a second of CPU. Without this limit, parallel requests could all pass `check` before the first one fails, and would
    take the CPU from live sessions. A waiting thread holds no pooled database connection. Raises TooManyTries if a limit on failed
    attempts is reached, or after a wait of `PASSWORD_WAIT_S` seconds.
    """
    attempt.check()
    release_connection()
    if not _password_checks.acquire(timeout=PASSWORD_WAIT_S):
        raise TooManyTries("Too many people are signing in. Try again in a minute.", MINUTE_S)
    try:
        attempt.check()  # other attempts may have failed in the meantime
        yield
    finally:
        _password_checks.release()


def client_address(request: HttpRequest) -> str:
    """Return the client's IP address, or `unknown`. `config.trusted_proxies` has replaced it if a trusted proxy forwarded the request."""
    return str(request.META.get("REMOTE_ADDR") or UNKNOWN)


def network_of(address: str) -> str:
    """Return the unit that limits count: an IPv4 address, the /64 network of an IPv6 address, or any other text unchanged."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_network((int(parsed), IPV6_PREFIX), strict=False))


def _name(counter: str, *parts: str) -> str:
    """Return a cache key that hashes account and address. The length before each part makes the concatenation unambiguous."""
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return f"{counter}.{hashlib.sha256(text.encode(errors='replace')).hexdigest()}"
