"""`GET /rtc/config`: the RTCConfiguration for a browser, by default without any ICE server (design law 10).

It is the stream's `rtc_configuration` if the developer set one, otherwise it comes from the settings (`handlers/ice_servers.py`).
"""

import logging

from django.http import HttpRequest, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase

from insights.safe_log import error_location
from streaming.discovery import is_public
from streaming.handlers.ice_servers import RtcConfiguration, browser_servers
from streaming.handlers.stream import Stream
from streaming.transports.http_auth import find_stream, preflight, readable, refusal, requester_of, unauthorised

logger = logging.getLogger(__name__)


async def rtc_config(request: HttpRequest) -> HttpResponseBase:
    """Return the RTCConfiguration to a requester who may use the stream `?stream=`, by default DEFAULT_STREAM."""
    if request.method == "OPTIONS":
        return preflight(["GET"])
    return readable(await _configuration_of(request) if request.method == "GET" else HttpResponseNotAllowed(["GET"]))


async def _configuration_of(request: HttpRequest) -> HttpResponseBase:
    requester = await requester_of(request)
    stream = find_stream(request.GET.get("stream", ""))
    if (requester.user_id is None or requester.missing_scope) and (stream is None or not is_public(stream)):
        return unauthorised(requester)
    try:
        configuration = await rtc_configuration(stream, requester.user_id)
    except Exception as error:  # a developer's function may raise anything
        logger.error("the rtc_configuration of a stream failed: %s", error_location(error))
        return refusal(502, "this stream's rtc_configuration cannot be had now")
    response = JsonResponse(configuration)
    response.headers["Cache-Control"] = "no-store"
    return response


async def rtc_configuration(stream: Stream | None, user_id: int | None) -> RtcConfiguration:
    """Return the RTCConfiguration for a requester's browser. Raises what the stream's function raises."""
    wanted = await stream.get_rtc_configuration() if stream is not None else None
    return {"iceServers": browser_servers(user_id)} if wanted is None else wanted
