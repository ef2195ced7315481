"""`POST .../input_hook`: new inputs for the handler of a session, in whichever process has it."""

from typing import cast

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from streaming.cluster import session_endpoint
from streaming.cluster.directory import DirectoryUnreachable
from streaming.cluster.rpc import TIMEOUT_S
from streaming.cluster.session_requests import InputAnswer
from streaming.handlers.stream import Stream
from streaming.protocols.fastrtc import BodyError, body_object, webrtc_id
from streaming.transports.http_auth import on_stream, refusal
from streaming.types.input_values import input_values


@on_stream("POST")
async def input_hook(request: HttpRequest, stream: Stream, user_id: int | None) -> HttpResponseBase:
    """Validate the body against the inputs that the stream declares, and pass the values to the session's handler."""
    try:
        body = body_object(request.body)
        identity = webrtc_id(body)
        input_values(stream.inputs, body)
    except RequestDataTooBig:
        return refusal(413, "this body is too large")
    except BodyError as error:
        return JsonResponse(error.answer, status=422)
    try:
        found = await session_endpoint.asking(stream.name, identity, user_id)({"ask": "input", "body": body}, TIMEOUT_S)
    except DirectoryUnreachable as error:
        return refusal(503, str(error))
    answer = cast(InputAnswer | None, found)
    if answer is None:
        return refusal(404, "there is no session with this webrtc_id")
    if answer["details"]:
        return JsonResponse({"detail": answer["details"]}, status=422)
    return JsonResponse({"status": "ok"})
