"""ICE servers: what browsers are told to use, what this server itself uses, and passwords for a TURN server of one's own.

A TURN server relays for whoever has a password, so each visitor gets one that soon expires, in the form of coturn's REST API:
username `expiry:user`, password base64(HMAC-SHA1(secret, username)). Without settings there is no server at all (design law 10).
"""

import asyncio
import base64
import hashlib
import hmac
import inspect
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings

ANYBODY = "anybody"
"""The user in a TURN server's log, where a public stream serves a stranger."""

CONFIGURATION_S = 15.0
"""How long a function may take for an RTCConfiguration: a little longer than the services that it may ask (`relays.py`)."""

RtcConfiguration = Mapping[str, Any] | Callable[[], Any] | None
"""An RTCConfiguration; or what returns one, perhaps a coroutine function, asked anew for each visitor."""


def turn_credentials(secret: str, user: str, lifetime_s: int, now: float) -> tuple[str, str]:
    """Return username and password that coturn accepts until `lifetime_s` seconds after `now` (seconds since 1970)."""
    username = f"{int(now) + lifetime_s}:{user}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode("ascii")


def ice_servers(urls: list[str], user: str = ANYBODY, lifetime_s: int | None = None) -> list[dict[str, Any]]:
    """Return these URLs as `iceServers`. TURN servers come with a password, or not at all without TURN_SECRET."""
    turn = [url for url in urls if is_turn(url)]
    others = [url for url in urls if not is_turn(url)]
    servers: list[dict[str, Any]] = [{"urls": others}] if others else []
    if turn and settings.TURN_SECRET:
        lifetime_s = settings.TURN_LIFETIME_S if lifetime_s is None else lifetime_s
        username, credential = turn_credentials(settings.TURN_SECRET, user, lifetime_s, time.time())
        servers.append({"urls": turn, "username": username, "credential": credential})
    return servers


def is_turn(url: str) -> bool:
    """Whether a URL is that of a TURN server, which wants a password."""
    return url.startswith(("turn:", "turns:"))


def browser_servers(user_id: int | None) -> list[dict[str, Any]]:
    """Return the `iceServers` for one visitor's browser, by the settings."""
    return ice_servers(settings.RTC_ICE_SERVERS, ANYBODY if user_id is None else str(user_id))


def own_servers(configuration: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the ICE servers that this server uses itself: those of a stream's `server_rtc_configuration`, else of RTC_OWN_ICE_SERVERS.

    Each has `urls`, `username` and `credential`, as aiortc wants them.
    """
    found = ice_servers(settings.RTC_OWN_ICE_SERVERS, "parley") if configuration is None else configuration.get("iceServers", [])
    return [{"urls": one["urls"], "username": one.get("username"), "credential": one.get("credential")} for one in found]


def check_configuration(configuration: Any, name: str) -> None:
    """Raise TypeError or ValueError, naming the argument, for what is no RTCConfiguration; None is one without a wish."""
    if configuration is None:
        return
    if not isinstance(configuration, Mapping):
        raise TypeError(
            f"{name} must be a dictionary, such as {{'iceServers': [{{'urls': 'turn:...'}}]}}, not {type(configuration).__name__}"
        )
    servers = configuration.get("iceServers", [])
    if not isinstance(servers, list | tuple) or not all(isinstance(one, Mapping) and one.get("urls") for one in servers):
        raise ValueError(f"{name}: iceServers must be a list of dictionaries with 'urls'")


async def resolved(configuration: RtcConfiguration, name: str) -> dict[str, Any] | None:
    """Return a configuration, from whatever returns it: coroutines are awaited, functions run in a thread.

    Raises what it raises, TimeoutError when it takes too long, and TypeError or ValueError for what is no RTCConfiguration.
    """
    found: Any = configuration
    if callable(configuration):
        try:
            async with asyncio.timeout(CONFIGURATION_S) as limit:
                found = await _asked(configuration)
        except TimeoutError:
            if limit.expired():
                raise TimeoutError(f"{name}: its function gave nothing within {CONFIGURATION_S:g} s") from None
            raise
    check_configuration(found, name)
    return None if found is None else dict(found)


async def _asked(configuration: Callable[[], Any]) -> Any:
    """Ask a developer's function, in one of asyncio's threads: it may block, and then it is in nobody's way but other developers'."""
    asynchronous = inspect.iscoroutinefunction(configuration)
    found = await configuration() if asynchronous else await asyncio.to_thread(configuration)
    return await found if inspect.isawaitable(found) else found
