"""`POST .../page/inputs` and `.../page/outputs`: the components on a stream's try-out page.

The page has the values of its components. It posts those of the inputs when they change, and asks with those of the outputs for the next
output: the answer has what they show after it. So any process may answer, and each page has what its user typed.
"""

import asyncio
import logging
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from insights.safe_log import error_location
from insights.snapshots import Payload
from streaming.aio.executors import COMPONENT_THREADS
from streaming.aio.isolation import ANY_ERROR, as_exception
from streaming.cluster import session_endpoint
from streaming.cluster.directory import DirectoryUnreachable
from streaming.cluster.output_subscription import InvalidOutput, OutputSubscription
from streaming.cluster.rpc import TIMEOUT_S
from streaming.cluster.session_requests import ComponentsRequest
from streaming.components import ComponentError, HandlerResult
from streaming.handlers.local_outputs import outputs_after
from streaming.handlers.stream import Stream
from streaming.protocols.fastrtc import BodyError, Detail, body_object, invalid_detail, webrtc_id
from streaming.transports.http_auth import on_stream, refusal

logger = logging.getLogger(__name__)

WAIT_S = 15.0
"""Seconds that a page waits for the next output; then it asks again."""
MOST_AT_ONCE = 32
"""Outputs that one answer covers; the page asks again for further ones."""
NO_SESSION = "there is no session with this webrtc_id"


@on_stream("POST")
async def page_inputs(request: HttpRequest, stream: Stream, user_id: int | None) -> HttpResponseBase:
    """Pass the values of the input components, in their order, to the session's handler; with `submit` let it reply at once.

    `text` is what was typed into the text box of a page with the variant "textbox".
    """
    try:
        body = body_object(request.body)
        identity, values = webrtc_id(body), _values(body, "inputs")
        await COMPONENT_THREADS.run(stream.component_inputs, values)
    except RequestDataTooBig:
        return refusal(413, "these inputs are too large")
    except BodyError as error:
        return JsonResponse(error.answer, status=422)
    except ValueError as error:
        return JsonResponse({"detail": [_detail(error, "inputs")]}, status=422)
    submit, text = body.get("submit") is True, str(body.get("text") or "")
    inputs: ComponentsRequest = {"ask": "components", "values": values, "text": text, "submit": submit}
    try:
        answer = await session_endpoint.asking(stream.name, identity, user_id)(inputs, TIMEOUT_S)
    except DirectoryUnreachable as error:
        return refusal(503, str(error))
    return refusal(404, NO_SESSION) if answer is None else JsonResponse({"status": "ok"})


@on_stream("POST")
async def page_outputs(request: HttpRequest, stream: Stream, user_id: int | None) -> HttpResponseBase:
    """Wait for outputs after the number `after`, and answer with what the components show then.

    The answer has `after`, `values`, `ended` (no more outputs will come), and `error`, a sentence about an output that is left out.
    """
    try:
        body = body_object(request.body)
        identity, values, after = webrtc_id(body), _values(body, "outputs"), _number(body)
    except RequestDataTooBig:
        return refusal(413, "these values are too large")
    except BodyError as error:
        return JsonResponse(error.answer, status=422)
    if len(values) != len(stream.output_components):
        return refusal(422, f"outputs: {len(stream.output_components)} values are needed, not {len(values)}")
    try:
        found, ended = await _outputs(stream, user_id, identity, after)
    except DirectoryUnreachable as error:
        return refusal(503, str(error))
    except LookupError:
        return refusal(404, NO_SESSION)
    problem = ""
    for number, outputs in found:
        after = number
        try:
            if isinstance(outputs, InvalidOutput):
                raise ValueError(outputs.text)
            values = await stream.component_outputs(values, outputs)
        except (ComponentError, HandlerResult, TimeoutError, ValueError) as error:
            problem = str(error) or "additional_outputs_handler took too long"
        except (Exception, *ANY_ERROR) as error:
            logger.warning("the additional_outputs_handler of stream %s failed: %s", stream.name, error_location(as_exception(error)))
            problem = f"additional_outputs_handler failed: {type(error).__name__}"
    return JsonResponse({"after": after, "values": values, "ended": ended and len(found) < MOST_AT_ONCE, "error": problem})


async def _outputs(stream: Stream, user_id: int | None, identity: str, after: int) -> tuple[list[tuple[int, Any]], bool]:
    """Return outputs after a number, and whether they are the last; wait up to WAIT_S for one.

    Raises LookupError and DirectoryUnreachable.
    """
    here = stream.sessions.of(user_id, identity) or stream.sessions.of(None, identity)
    if here is not None:  # the program's own objects
        found = await outputs_after(here, after, WAIT_S, MOST_AT_ONCE)
        return [(number, outputs.args) for number, outputs in found], False
    reader = OutputSubscription(session_endpoint.asking(stream.name, identity, user_id), after, form="values")
    if not await reader.find(0):
        raise LookupError
    limit = asyncio.get_running_loop().time() + WAIT_S
    while not (items := await reader.more()) and not reader.ended and asyncio.get_running_loop().time() < limit:
        pass
    return items[:MOST_AT_ONCE], reader.ended


def _values(body: Payload, name: str) -> list[Any]:
    values = body.get(name)
    if not isinstance(values, list):
        raise BodyError([invalid_detail(name, "list_type", "Input should be a valid list", None)])
    return values


def _number(body: Payload) -> int:
    after = body.get("after", 0)
    if isinstance(after, bool) or not isinstance(after, int) or after < 0:
        raise BodyError([invalid_detail("after", "int_type", "Input should be a number of an output", None)])
    return after


def _detail(error: ValueError, name: str) -> Detail:
    """Return the detail of an invalid value, with the key of its component."""
    key = error.component.key if isinstance(error, ComponentError) else name
    return {"type": "value_error", "loc": ["body", key], "msg": str(error)}
