"""TURN credentials for developers: of the installation's own TURN server, or of the services that FastRTC supports.

Parley itself never calls a service; only a developer's code does, by calling one of these functions (design law 10).
"""

import asyncio
import base64
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import quote, urlencode

from django.conf import settings

from insights.snapshots import Payload
from streaming.handlers.ice_servers import ANYBODY, RtcConfiguration, ice_servers, is_turn

TIMEOUT_S = 10.0
CLOUDFLARE = "https://rtc.live.cloudflare.com/v1/turn/keys/{key}/credentials/generate-ice-servers"
HUGGING_FACE = "https://turn.fastrtc.org/credentials"
TWILIO = "https://api.twilio.com/2010-04-01/Accounts/{account}/Tokens.json"


class TurnError(Exception):
    """A service returned no credentials; the text names the service and the status."""


def get_turn_credentials(method: str = "", **options: Any) -> RtcConfiguration:
    """Return an RTCConfiguration, `{"iceServers": [...]}`, with temporary TURN passwords.

    Args:
        method: "own" (not in FastRTC): the TURN servers of RTC_ICE_SERVERS, with passwords computed from TURN_SECRET, without I/O.
            "cloudflare", "hf" and "twilio" call those services, and block. By default "own"; without a TURN server of one's own
            "cloudflare", FastRTC's default, if there is a key or a token for it.
        options: the arguments of the method's function; for "own" `ttl` in seconds (TURN_LIFETIME_S) and `user`, for the server's log.

    Raises ValueError for an unknown method or a missing secret, TurnError if a service returns no credentials.
    """
    methods: dict[str, Callable[..., RtcConfiguration]] = {
        "own": _own,
        "cloudflare": get_cloudflare_turn_credentials,
        "hf": get_hf_turn_credentials,
        "twilio": get_twilio_turn_credentials,
    }
    method = method or _default(options)
    if method not in methods:
        raise ValueError(f"method must be one of {', '.join(methods)}, not {method!r}")
    return methods[method](**options)


def get_cloudflare_turn_credentials(
    turn_key_id: str | None = None, turn_key_api_token: str | None = None, hf_token: str | None = None, ttl: int = 600
) -> RtcConfiguration:
    """Return TURN credentials of Cloudflare, valid for `ttl` seconds; with a Hugging Face token, of FastRTC's own service.

    Missing arguments are read from CLOUDFLARE_TURN_KEY_ID, CLOUDFLARE_TURN_KEY_API_TOKEN and HF_TOKEN.
    Raises ValueError if neither is set, TurnError if the service returns no credentials.
    """
    if hf_token := hf_token or os.environ.get("HF_TOKEN", "").strip():
        return get_hf_turn_credentials(hf_token, ttl)
    key = turn_key_id or os.environ.get("CLOUDFLARE_TURN_KEY_ID")
    token = turn_key_api_token or os.environ.get("CLOUDFLARE_TURN_KEY_API_TOKEN")
    if not key or not token:
        raise ValueError("needs turn_key_id and turn_key_api_token, or CLOUDFLARE_TURN_KEY_ID and CLOUDFLARE_TURN_KEY_API_TOKEN")
    return cast(RtcConfiguration, _request(CLOUDFLARE.format(key=quote(key, safe="")), f"Bearer {token}", {"ttl": ttl}))


def get_hf_turn_credentials(token: str | None = None, ttl: int = 600) -> RtcConfiguration:
    """Return credentials of FastRTC's own service, with a Hugging Face token or HF_TOKEN. Raises ValueError without one, TurnError."""
    token = token or os.environ.get("HF_TOKEN", "").strip()
    if not token:
        raise ValueError("needs token, or HF_TOKEN")
    return cast(RtcConfiguration, _request(f"{HUGGING_FACE}?{urlencode({'ttl': ttl})}", f"Bearer {token}"))


def get_twilio_turn_credentials(twilio_sid: str | None = None, twilio_token: str | None = None) -> RtcConfiguration:
    """Return credentials of Twilio, with the arguments or TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN. Raises ValueError, TurnError."""
    account = twilio_sid or os.environ.get("TWILIO_ACCOUNT_SID")
    token = twilio_token or settings.TWILIO_AUTH_TOKEN
    if not account or not token:
        raise ValueError("needs twilio_sid and twilio_token, or TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")
    basic = base64.b64encode(f"{account}:{token}".encode()).decode("ascii")
    found = _request(TWILIO.format(account=quote(account, safe="")), f"Basic {basic}", {})
    return {"iceServers": found["ice_servers"], "iceTransportPolicy": "relay"}


async def get_turn_credentials_async(method: str = "", **options: Any) -> RtcConfiguration:
    """Do as `get_turn_credentials`, in a thread if a service is called; FastRTC's `client` is accepted and not used."""
    options.pop("client", None)
    method = method or _default(options)
    if method == "own":
        return get_turn_credentials(method, **options)
    return await asyncio.to_thread(get_turn_credentials, method, **options)


async def get_cloudflare_turn_credentials_async(
    turn_key_id: str | None = None,
    turn_key_api_token: str | None = None,
    hf_token: str | None = None,
    ttl: int = 600,
    client: Any = None,
) -> RtcConfiguration:
    """Do as `get_cloudflare_turn_credentials` in a thread; FastRTC's `client` is accepted and not used."""
    return await asyncio.to_thread(get_cloudflare_turn_credentials, turn_key_id, turn_key_api_token, hf_token, ttl)


async def get_hf_turn_credentials_async(token: str | None = None, ttl: int = 600, client: Any = None) -> RtcConfiguration:
    """Do as `get_hf_turn_credentials` in a thread; FastRTC's `client` is accepted and not used."""
    return await asyncio.to_thread(get_hf_turn_credentials, token, ttl)


def _default(options: Mapping[str, Any]) -> str:
    """Return the method of a call that names none."""
    given = any(options.get(name) for name in ("turn_key_id", "hf_token"))
    for_cloudflare = given or any(os.environ.get(name, "").strip() for name in ("HF_TOKEN", "CLOUDFLARE_TURN_KEY_ID"))
    return "cloudflare" if for_cloudflare and not _has_own_server() else "own"


def _has_own_server() -> bool:
    return bool(settings.TURN_SECRET) and any(is_turn(url) for url in settings.RTC_ICE_SERVERS)


def _own(ttl: int | None = None, user: str = ANYBODY) -> RtcConfiguration:
    if not _has_own_server():
        raise ValueError("there is no TURN server of one's own: set RTC_ICE_SERVERS and TURN_SECRET, or name another method")
    return {"iceServers": ice_servers(settings.RTC_ICE_SERVERS, user, ttl)}


def _request(url: str, authorization: str, body: Payload | None = None) -> Payload:
    """GET, or POST a body as JSON (an empty one as no content), and return the JSON object of the response. Raises TurnError."""
    data = None if body is None else json.dumps(body).encode() if body else b""
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    service = url.split("/")[2]
    try:
        request = urllib.request.Request(url, data, headers)  # noqa: S310  # one of the three above
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
            found = json.load(response)
    except urllib.error.HTTPError as error:
        error.close()
        raise TurnError(f"{service} gave no TURN credentials: status {error.code}") from None
    except (OSError, ValueError) as error:
        raise TurnError(f"{service} gave no TURN credentials: {type(error).__name__}") from None
    if not isinstance(found, dict):
        raise TurnError(f"{service} gave no TURN credentials: its answer is no JSON object")
    return found
