"""Twilio's request signature, which proves that the sender knows the account's auth token.

The signature is the base64 of an HMAC-SHA1, keyed with the auth token, over the URL as the exchange requested it, followed by the name
and value of each form field, ordered by name (https://www.twilio.com/docs/usage/security). For a WebSocket handshake only the URL is
signed.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence

DEFAULT_PORTS = {"https": "443", "wss": "443", "http": "80", "ws": "80"}


def signature(auth_token: str, url: str, fields: Mapping[str, Sequence[str]]) -> str:
    """Return the signature of a request; a repeated field counts once per distinct value."""
    text = url + "".join(name + value for name in sorted(fields) for value in sorted(set(fields[name])))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode("ascii")


def is_signed(auth_token: str, schemes: Sequence[str], host: str, path: str, fields: Mapping[str, Sequence[str]], given: str) -> bool:
    """Return whether `given` is the signature of a request to `path` (with its query) on `host`.

    The exchange signs the URL that it requested, which a server behind a proxy does not know exactly. So the signature may use any of
    `schemes`, a host with or without port and, for handshakes, a trailing slash. An attacker needs the auth token for any of these.
    """
    urls = (url for scheme in schemes for url in _urls(scheme, host, path))
    return any([hmac.compare_digest(signature(auth_token, url, fields).encode(), given.encode(errors="replace")) for url in urls])


def _urls(scheme: str, host: str, path: str) -> Iterator[str]:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    for authority in {host, name, f"{name}:{DEFAULT_PORTS[scheme]}"}:
        yield f"{scheme}://{authority}{path}"
        if scheme in ("ws", "wss"):
            yield f"{scheme}://{authority}{path}/"
