"""Parley's routes, and views that use streams from Python as a developer's own views do."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from config.urls import urlpatterns as parley
from streaming.discovery import streams


@csrf_exempt
def set_input(request: HttpRequest) -> HttpResponse:
    """Set inputs, from a view that is no coroutine."""
    return _given(streams()["inputs"].set_input, request)


@csrf_exempt
async def set_input_soon(request: HttpRequest) -> HttpResponse:
    """Set inputs, from a coroutine that does not wait."""
    return _given(streams()["inputs"].set_input, request)


@csrf_exempt
async def aset_input(request: HttpRequest) -> HttpResponse:
    """Set inputs, and wait until the session has them."""
    body = json.loads(request.body)
    try:
        await streams()["inputs"].aset_input(body["webrtc_id"], *body["values"])
    except LookupError as error:
        return JsonResponse({"error": str(error)}, status=404)
    return JsonResponse({})


@csrf_exempt
async def offer(request: HttpRequest) -> HttpResponse:
    """Answer offers in an own view."""
    try:
        return JsonResponse(await streams()["plain"].offer(json.loads(request.body)))
    except ValueError as error:
        return JsonResponse({"error": str(error)}, status=400)


def _given(call: Any, request: HttpRequest) -> HttpResponse:
    body = json.loads(request.body)
    try:
        call(body["webrtc_id"], *body["values"])
    except (LookupError, TypeError) as error:
        return JsonResponse({"error": str(error)}, status=404)
    return JsonResponse({})


urlpatterns = [
    path("own/set_input", set_input),
    path("own/set_input_soon", set_input_soon),
    path("own/aset_input", aset_input),
    path("own/offer", offer),
    *parley,
]
