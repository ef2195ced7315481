"""All WebSocket routes. A connection id may contain nearly any character, so it takes the rest of the path."""

import re
from contextlib import suppress
from typing import Any

from channels.routing import URLRouter
from django.core.exceptions import ImproperlyConfigured
from django.urls import Resolver404, re_path, resolve

from streaming.discovery import mounts
from streaming.transports.consumer import unknown_path
from streaming.transports.fastrtc_socket import FastrtcConsumer
from streaming.transports.symbl import FollowConsumer, ListenConsumer, NoTelephonyConsumer, SpeakConsumer
from streaming.transports.twilio import TelephoneConsumer

_route: Any = re_path  # its type stubs accept views only, not ASGI applications

_STREAM = r"^(?:streams/(?P<name>[a-z0-9-]+)/)?"
"""A stream by its name; at the root the DEFAULT_STREAM."""


_built_in = [
    _route(r"^v1/(?:streaming|realtime/insights)/(?P<connection_id>(?s:.*))$", SpeakConsumer.as_asgi()),
    _route(r"^v1/conversations/(?P<connection_id>[^/]*)/subscribe$", FollowConsumer.as_asgi()),
    _route(r"^v1/subscribe/(?P<connection_id>(?s:.*))$", ListenConsumer.as_asgi()),
    _route(r"^(?:events|session/subscribe)/(?P<connection_id>(?s:.*))$", NoTelephonyConsumer.as_asgi()),
    _route(_STREAM + r"websocket/offer$", FastrtcConsumer.as_asgi()),
    _route(_STREAM + r"telephone/handler$", TelephoneConsumer.as_asgi()),
]


def mounted() -> list[Any]:
    """Return the routes of streams at the paths where their developers mounted them.

    Raises ImproperlyConfigured for a path below which another WebSocket or HTTP route would hide one of the stream's.
    """
    endpoints = (("websocket/offer", FastrtcConsumer), ("telephone/handler", TelephoneConsumer))
    routes = []
    for at, name in mounts().items():
        if any(route.pattern.match(f"{at}/{endpoint}") for route in _built_in for endpoint, _ in endpoints) or _is_hidden(at, name):
            raise ImproperlyConfigured(f"the stream {name!r} cannot be mounted at {at!r}: other routes have what is below that")
        routes += [_route(f"^{re.escape(at)}/{endpoint}$", consumer.as_asgi(), {"name": name}) for endpoint, consumer in endpoints]
    return routes


def _is_hidden(at: str, name: str) -> bool:
    """Return whether another view hides one of a mounted stream's HTTP routes (streaming/urls.py); False if the site has no such routes."""
    for endpoint in ("webrtc/offer", "telephone/incoming", "input_hook", "updates", "outputs"):
        with suppress(Resolver404):
            if resolve(f"/{at}/{endpoint}").kwargs.get("name") != name:
                return True
    return False


websockets = URLRouter([*_built_in, *mounted(), _route(r"", unknown_path)])
