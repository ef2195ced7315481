"""Every WebSocket route. A connection id may hold nearly any character, so it takes the rest of the path."""

import re
from typing import Any

from channels.routing import URLRouter
from django.urls import re_path

from streaming.discovery import mounts
from streaming.transports.fastrtc import FastrtcConsumer
from streaming.transports.socket import unknown_path
from streaming.transports.symbl import ListenConsumer, SpeakConsumer
from streaming.transports.telephone import TelephoneConsumer

_route: Any = re_path  # its stubs know views only, not ASGI applications

_STREAM = r"^(?:streams/(?P<name>[a-z0-9-]+)/)?"
"""A stream by its name; at the root the one that DEFAULT_STREAM names."""


def _mounted() -> list[Any]:
    """Return the routes of streams where their developers mounted them."""
    doors = (("websocket/offer", FastrtcConsumer), ("telephone/handler", TelephoneConsumer))
    return [
        _route(f"^{re.escape(at)}/{door}$", consumer.as_asgi, {"name": name}) for at, name in mounts().items() for door, consumer in doors
    ]


websockets = URLRouter(
    [
        _route(r"^v1/(?:streaming|realtime/insights)/(?P<connection_id>(?s:.*))$", SpeakConsumer.as_asgi),
        _route(r"^v1/subscribe/(?P<connection_id>(?s:.*))$", ListenConsumer.as_asgi),
        _route(_STREAM + r"websocket/offer$", FastrtcConsumer.as_asgi),
        _route(_STREAM + r"telephone/handler$", TelephoneConsumer.as_asgi),
        *_mounted(),
        _route(r"", unknown_path),
    ]
)
