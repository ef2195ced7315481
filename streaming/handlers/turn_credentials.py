"""TURN passwords from Python: of one's own TURN server, or of the services that FastRTC's functions ask.

Parley itself never asks a service: only code of a developer that calls one of these functions by its name does (design law 10).
"""

import asyncio
import base64
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings

from streaming.handlers.ice_servers import ANYBODY, ice_servers, is_turn

TIMEOUT_S = 10.0
CLOUDFLARE = "https://rtc.live.cloudflare.com/v1/turn/keys/{key}/credentials/generate-ice-servers"
HUGGING_FACE = "https://turn.fastrtc.org/credentials"
TWILIO = "https://api.twilio.com/2010-04-01/Accounts/{account}/Tokens.json"


class TurnError(Exception):
    """A service did not give any credentials; the text says which one, and with what status."""


def get_turn_credentials(method: str = "own", **options: Any) -> dict[str, Any]:
    """Return an RTCConfiguration, `{"iceServers": [...]}`, with TURN passwords that expire.

    Args:
        method: "own" (FastRTC has none): the TURN servers of RTC_ICE_SERVERS, with passwords made of TURN_SECRET, here and at once.
            "cloudflare", "hf" and "twilio" ask those services, and block meanwhile.
        options: what the function of the method takes; for "own" `ttl` in seconds (TURN_LIFETIME_S) and `user`, for the server's log.

    Raises ValueError for an unknown method or a missing secret, TurnError where a service says no.
    """
    methods: dict[str, Callable[..., dict[str, Any]]] = {
        "own": _own,
        "cloudflare": get_cloudflare_turn_credentials,
        "hf": get_hf_turn_credentials,
        "twilio": get_twilio_turn_credentials,
    }
    if method not in methods:
        raise ValueError(f"method must be one of {', '.join(methods)}, not {method!r}")
    return methods[method](**options)


def get_cloudflare_turn_credentials(
    turn_key_id: str | None = None, turn_key_api_token: str | None = None, hf_token: str | None = None, ttl: int = 600
) -> dict[str, Any]:
    """Ask Cloudflare for TURN credentials of `ttl` seconds; with a Hugging Face token, FastRTC's own service.

    What is not given is read from CLOUDFLARE_TURN_KEY_ID, CLOUDFLARE_TURN_KEY_API_TOKEN and HF_TOKEN.
    Raises ValueError where neither is there, TurnError where the service says no.
    """
    if hf_token := hf_token or os.environ.get("HF_TOKEN", "").strip():
        return get_hf_turn_credentials(hf_token, ttl)
    key = turn_key_id or os.environ.get("CLOUDFLARE_TURN_KEY_ID")
    token = turn_key_api_token or os.environ.get("CLOUDFLARE_TURN_KEY_API_TOKEN")
    if not key or not token:
        raise ValueError("needs turn_key_id and turn_key_api_token, or CLOUDFLARE_TURN_KEY_ID and CLOUDFLARE_TURN_KEY_API_TOKEN")
    return _asked(CLOUDFLARE.format(key=quote(key, safe="")), f"Bearer {token}", {"ttl": ttl})


def get_hf_turn_credentials(token: str | None = None, ttl: int = 600) -> dict[str, Any]:
    """Ask the service of FastRTC's makers, with a Hugging Face token or HF_TOKEN. Raises ValueError without one, TurnError."""
    token = token or os.environ.get("HF_TOKEN", "").strip()
    if not token:
        raise ValueError("needs token, or HF_TOKEN")
    return _asked(f"{HUGGING_FACE}?{urlencode({'ttl': ttl})}", f"Bearer {token}")


def get_twilio_turn_credentials(twilio_sid: str | None = None, twilio_token: str | None = None) -> dict[str, Any]:
    """Ask Twilio, by its account id and token or TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN. Raises ValueError without them, TurnError."""
    account = twilio_sid or os.environ.get("TWILIO_ACCOUNT_SID")
    token = twilio_token or settings.TWILIO_AUTH_TOKEN
    if not account or not token:
        raise ValueError("needs twilio_sid and twilio_token, or TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")
    basic = base64.b64encode(f"{account}:{token}".encode()).decode("ascii")
    found = _asked(TWILIO.format(account=quote(account, safe="")), f"Basic {basic}", {})
    return {"iceServers": found["ice_servers"], "iceTransportPolicy": "relay"}


async def get_turn_credentials_async(method: str = "own", **options: Any) -> dict[str, Any]:
    """Do as `get_turn_credentials`, in a thread where a service is asked; FastRTC's `client` is accepted and not used."""
    options.pop("client", None)
    if method == "own":
        return get_turn_credentials(method, **options)
    return await asyncio.to_thread(get_turn_credentials, method, **options)


async def get_cloudflare_turn_credentials_async(
    turn_key_id: str | None = None,
    turn_key_api_token: str | None = None,
    hf_token: str | None = None,
    ttl: int = 600,
    client: Any = None,
) -> dict[str, Any]:
    """Do as `get_cloudflare_turn_credentials` in a thread; FastRTC's `client` is accepted and not used."""
    return await asyncio.to_thread(get_cloudflare_turn_credentials, turn_key_id, turn_key_api_token, hf_token, ttl)


async def get_hf_turn_credentials_async(token: str | None = None, ttl: int = 600, client: Any = None) -> dict[str, Any]:
    """Do as `get_hf_turn_credentials` in a thread; FastRTC's `client` is accepted and not used."""
    return await asyncio.to_thread(get_hf_turn_credentials, token, ttl)


def _own(ttl: int | None = None, user: str = ANYBODY) -> dict[str, Any]:
    servers = [url for url in settings.RTC_ICE_SERVERS if is_turn(url)]
    if not servers or not settings.TURN_SECRET:
        raise ValueError("there is no TURN server of one's own: set RTC_ICE_SERVERS and TURN_SECRET, or name another method")
    return {"iceServers": ice_servers(settings.RTC_ICE_SERVERS, user, ttl)}


def _asked(url: str, authorization: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """GET, or POST a body as JSON (an empty one as nothing), and return the JSON object of the answer. Raises TurnError."""
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
