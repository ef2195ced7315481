"""Twilio's signature of its requests: proof that whoever calls knows the account's auth token.

HMAC-SHA1, by the auth token, over the URL as the exchange called it, followed by name and value of each form field in the order of the
names; in base64 (https://www.twilio.com/docs/usage/security). A socket's handshake is signed over its URL alone.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence

DEFAULT_PORTS = {"https": "443", "wss": "443", "http": "80", "ws": "80"}


def signature(auth_token: str, url: str, fields: Mapping[str, Sequence[str]]) -> str:
    """Return the signature of a request; a field that comes several times counts once for each different value."""
    text = url + "".join(name + value for name in sorted(fields) for value in sorted(set(fields[name])))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode("ascii")


def is_signed(auth_token: str, schemes: Sequence[str], host: str, path: str, fields: Mapping[str, Sequence[str]], given: str) -> bool:
    """Whether a signature is that of a request to `path` (with its query) on `host`.

    The exchange signs the URL that it called, of which a server behind a proxy is not told all: the scheme may be one of several, the port
    may be left out or not, and handshakes may have a slash at the end. None of that helps whoever does not know the auth token.
    """
    urls = (url for scheme in schemes for url in _urls(scheme, host, path))
    return any([hmac.compare_digest(signature(auth_token, url, fields).encode(), given.encode(errors="replace")) for url in urls])


def _urls(scheme: str, host: str, path: str) -> Iterator[str]:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    for authority in {host, name, f"{name}:{DEFAULT_PORTS[scheme]}"}:
        yield f"{scheme}://{authority}{path}"
        if scheme in ("ws", "wss"):
            yield f"{scheme}://{authority}{path}/"
