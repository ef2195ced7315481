"""ICE servers for browsers and for this server itself, and passwords for the installation's own TURN server.

A TURN server relays for every client with a password, so each client gets one that expires soon, in the form of coturn's REST API:
username `expiry:user`, password base64(HMAC-SHA1(secret, username)). Without settings no ICE server is used (design law 10).
"""

import asyncio
import base64
import hashlib
import hmac
import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NotRequired, TypeAlias, TypedDict, cast

from django.conf import settings

ANYBODY = "anybody"
"""The user name in the TURN server's log for anonymous clients."""

CONFIGURATION_S = 15.0
"""Seconds that a function may take for an RTCConfiguration: more than the timeout of the services in `turn_credentials.py`."""


class IceServer(TypedDict):
    """An entry of `iceServers` for a browser; a TURN server has name and password."""

    urls: str | list[str]
    username: NotRequired[str]
    credential: NotRequired[str]


class RtcConfiguration(TypedDict, total=False):
    """The argument of RTCPeerConnection in a browser. That of a developer may have further fields of the standard."""

    iceServers: list[IceServer]
    iceTransportPolicy: str
    bundlePolicy: str
    iceCandidatePoolSize: int


RtcConfigurationSource: TypeAlias = Mapping[str, Any] | Callable[[], Any] | None
"""What developers pass: an RTCConfiguration, or a function or coroutine function that returns one and is called for each client."""


class OwnIceServer(TypedDict):
    """An ICE server that this server itself uses, with all arguments of aiortc's RTCIceServer."""

    urls: str | list[str]
    username: str | None
    credential: str | None


def turn_credentials(secret: str, user: str, lifetime_s: int, now: float) -> tuple[str, str]:
    """Return username and password that coturn accepts until `lifetime_s` seconds after `now` (seconds since 1970)."""
    username = f"{int(now) + lifetime_s}:{user}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode("ascii")


def ice_servers(urls: list[str], user: str = ANYBODY, lifetime_s: int | None = None) -> list[IceServer]:
    """Return these URLs as `iceServers`. TURN servers get a password; without TURN_SECRET they are left out."""
    turn = [url for url in urls if is_turn(url)]
    others = [url for url in urls if not is_turn(url)]
    servers: list[IceServer] = [{"urls": others}] if others else []
    if turn and settings.TURN_SECRET:
        lifetime_s = settings.TURN_LIFETIME_S if lifetime_s is None else lifetime_s
        username, credential = turn_credentials(settings.TURN_SECRET, user, lifetime_s, time.time())
        servers.append({"urls": turn, "username": username, "credential": credential})
    return servers


def is_turn(url: str) -> bool:
    """Return whether a URL is that of a TURN server, which needs a password."""
    return url.startswith(("turn:", "turns:"))


def browser_servers(user_id: int | None) -> list[IceServer]:
    """Return the `iceServers` of the settings for one user's browser; None is an anonymous client."""
    return ice_servers(settings.RTC_ICE_SERVERS, ANYBODY if user_id is None else str(user_id))


def own_servers(configuration: Mapping[str, Any] | None) -> list[OwnIceServer]:
    """Return the ICE servers that this server itself uses: those of a stream's `server_rtc_configuration`, else of RTC_OWN_ICE_SERVERS.

    Each has `urls`, `username` and `credential`, as aiortc requires.
    """
    given = {"iceServers": ice_servers(settings.RTC_OWN_ICE_SERVERS, "parley")} if configuration is None else configuration
    found: Sequence[Mapping[str, Any]] = given.get("iceServers", [])
    return [{"urls": one["urls"], "username": one.get("username"), "credential": one.get("credential")} for one in found]


def check_configuration(configuration: Any, name: str) -> None:
    """Raise TypeError or ValueError, naming the argument, if this is no RTCConfiguration; None is valid."""
    if configuration is None:
        return
    if not isinstance(configuration, Mapping):
        raise TypeError(
            f"{name} must be a dictionary, such as {{'iceServers': [{{'urls': 'turn:...'}}]}}, not {type(configuration).__name__}"
        )
    servers = configuration.get("iceServers", [])
    if not isinstance(servers, list | tuple) or not all(isinstance(one, Mapping) and one.get("urls") for one in servers):
        raise ValueError(f"{name}: iceServers must be a list of dictionaries with 'urls'")


async def resolved(configuration: RtcConfigurationSource, name: str) -> RtcConfiguration | None:
    """Return a configuration, or the result of its function: coroutine functions are awaited, others run in a thread.

    Raises what the function raises, TimeoutError after `CONFIGURATION_S`, and TypeError or ValueError if it is no RTCConfiguration.
    """
    found: Any = configuration
    if callable(configuration):
        try:
            async with asyncio.timeout(CONFIGURATION_S) as limit:
                found = await _call(configuration)
        except TimeoutError:
            if limit.expired():
                raise TimeoutError(f"{name}: its function gave nothing within {CONFIGURATION_S:g} s") from None
            raise
    check_configuration(found, name)
    return None if found is None else cast(RtcConfiguration, dict(found))


async def _call(configuration: Callable[[], Any]) -> Any:
    """Call a developer's function in asyncio's default executor: it may block, and our own work does not run there."""
    asynchronous = inspect.iscoroutinefunction(configuration)
    found = await configuration() if asynchronous else await asyncio.to_thread(configuration)
    return await found if inspect.isawaitable(found) else found
