"""`GET /rtc/config`: the ICE servers that a browser should use, as RTCConfiguration; by default none at all (design law 10).

A TURN server relays for whoever has a password, so each visitor gets one of their own that soon expires, in the form of
coturn's REST API: username `expiry:user`, password base64(HMAC-SHA1(secret, username)).
"""

import base64
import hashlib
import hmac
import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase

from streaming.discovery import is_public
from streaming.transports.visitors import find_stream, refusal, visitor_of


async def rtc_config(request: HttpRequest) -> HttpResponseBase:
    """Answer with an RTCConfiguration for whoever may use the stream `?stream=`, by default the one at the root."""
    if request.method != "GET":
        return HttpResponseNotAllowed(["GET"])
    visitor = await visitor_of(request)
    stream = find_stream(request.GET.get("stream", ""))
    if visitor.user_id is None and (stream is None or not is_public(stream)):
        return refusal(401, "sign in, or send an access token")
    response = JsonResponse({"iceServers": ice_servers(visitor.user_id)})
    response.headers["Cache-Control"] = "no-store"
    return response


def turn_credentials(secret: str, user: str, lifetime_s: int, now: float) -> tuple[str, str]:
    """Return username and password that coturn accepts until `lifetime_s` seconds after `now` (seconds since 1970)."""
    username = f"{int(now) + lifetime_s}:{user}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode("ascii")


def ice_servers(user_id: int | None) -> list[dict[str, Any]]:
    """Return the `iceServers` member of an RTCConfiguration for one visitor."""
    turn = [url for url in settings.RTC_ICE_SERVERS if url.startswith(("turn:", "turns:"))]
    others = [url for url in settings.RTC_ICE_SERVERS if url not in turn]
    servers: list[dict[str, Any]] = [{"urls": others}] if others else []
    if turn and settings.TURN_SECRET:
        user = "anybody" if user_id is None else str(user_id)
        username, credential = turn_credentials(settings.TURN_SECRET, user, settings.TURN_LIFETIME_S, time.time())
        servers.append({"urls": turn, "username": username, "credential": credential})
    return servers
