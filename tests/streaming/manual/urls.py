"""Parley's routes, and the two that FastRTC's manual lets every application write."""

import json
from collections.abc import AsyncIterator

from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from pydantic import ValidationError

from streaming.handlers import reply_on_pause
from streaming.speech import audio_source
from tests.streaming.manual.streams import InputData, gauge, narrator

reply_on_pause.FIRST_INPUTS_S = reply_on_pause.NEW_INPUTS_S = 30.0  # on a busy machine the inputs come late, and old ones must not be used
audio_source.STALL_S = 60.0  # and the audio of a client may stall in the middle of a sentence


@csrf_exempt
def hook(request: HttpRequest) -> JsonResponse:
    """Accept new inputs, in a thread: this view is no coroutine."""
    try:
        data = InputData.model_validate_json(request.body)
    except ValidationError as error:
        return JsonResponse({"detail": json.loads(error.json())}, status=422)
    gauge.set_input(data.webrtc_id, data.conf_threshold)
    return JsonResponse({})


@csrf_exempt
def story(request: HttpRequest) -> JsonResponse:
    """Restart a generator with new inputs, in a thread."""
    body = json.loads(request.body)
    narrator.set_input(body["webrtc_id"], body["pitch"])
    return JsonResponse({})


async def updates(request: HttpRequest) -> StreamingHttpResponse:
    """Send all outputs of the handler."""

    async def output_stream() -> AsyncIterator[str]:
        async for output in gauge.output_stream(request.GET["webrtc_id"]):
            yield f"data: {output.args[0]}\n\n"

    return StreamingHttpResponse(output_stream(), content_type="text/event-stream")


async def latest(request: HttpRequest) -> JsonResponse:
    """Send the newest output only."""
    output = await gauge.fetch_latest_output(request.GET["webrtc_id"])
    return JsonResponse({"latest": output.args[0]})


urlpatterns = [
    path("own/input_hook", hook),
    path("own/story", story),
    path("own/updates", updates),
    path("own/latest", latest),
    path("", include("config.urls")),
]
