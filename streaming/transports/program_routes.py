"""Streams in routes that a program writes itself, with FastAPI or Starlette, which are not imported before the program does.

`Stream.websocket_offer`, `telephone_handler` and `handle_incoming_call` take the objects of such a route. They are served as at the
stream's own routes, with the same access.
"""

from importlib import import_module
from io import BytesIO
from typing import Any

from django.core.handlers.asgi import ASGIRequest

from streaming.handlers.fastrtc_stream import FastrtcStream, Socket
from streaming.handlers.stream import Stream
from streaming.transports.fastrtc_socket import FastrtcConsumer
from streaming.transports.twilio import TelephoneConsumer, incoming

CONSUMERS = {"websocket": FastrtcConsumer, "telephone": TelephoneConsumer}


async def serve_socket(stream: Stream, kind: Socket, websocket: Any) -> None:
    """Serve a WebSocket of Starlette that is not accepted yet, until it is closed."""
    scope = {**websocket.scope, "url_route": {"args": (), "kwargs": {"name": stream.name}}}
    await CONSUMERS[kind].as_asgi()(scope, websocket.receive, websocket.send)


async def answer_call(stream: Stream, request: Any) -> Any:
    """Answer the webhook of a call with a response of Starlette."""
    answer: Any = await incoming(ASGIRequest(dict(request.scope), BytesIO(await request.body())), name=stream.name)
    response = import_module("starlette.responses").Response
    return response(answer.content, status_code=answer.status_code, headers=dict(answer.headers))


FastrtcStream.serve_socket = serve_socket
FastrtcStream.answer_call = answer_call
