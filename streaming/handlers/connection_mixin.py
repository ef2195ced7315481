"""FastRTC's `WebRTCConnectionMixin`: the base of a program's own class of streams, whose routes call `handle_offer`."""

import asyncio
import queue
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pydantic import BaseModel

from streaming.handlers.handler_types import HandlerLike, VideoStreamHandler, check_handler
from streaming.handlers.local_outputs import outputs_of
from streaming.handlers.stream import Stream
from streaming.handlers.stream_handlers import AudioFrame, StreamHandler, StreamHandlerBase
from streaming.protocols.json_message import JsonMessage
from streaming.types.outputs import AdditionalOutputs
from streaming.types.remote_session import Reachable

SetOutputs = Callable[[AdditionalOutputs], object]


class WebRTCConnectionMixin(Stream):
    """A stream that is made without arguments: the subclass sets the attributes before the first offer.

    They are `event_handler`, `modality`, `mode`, `concurrency_limit`, `time_limit`, `allow_extra_tracks`, `rtc_configuration` and
    `server_rtc_configuration`, with the meaning of the arguments of `Stream`. The handler of audio may be a function, too, of which each
    frame's result is played.
    """

    def __init__(self) -> None:
        super().__init__(lambda image: image)
        self._forwarding: set[asyncio.Task[None]] = set()

    @property
    def event_handler(self) -> HandlerLike:
        """The handler of the stream, of which each session gets a copy."""
        return self.handler

    @event_handler.setter
    def event_handler(self, handler: HandlerLike) -> None:
        self.handler = handler

    def set_additional_outputs(self, webrtc_id: str) -> SetOutputs:
        """Return what `handle_offer` takes so that the outputs are read with `output_stream`."""
        return _stored

    async def handle_offer(self, body: Any, set_outputs: SetOutputs) -> JsonMessage:
        """Answer the body of an offer or a candidate, for routes that have authenticated the client.

        Args:
            body: a dictionary, or a pydantic model, with `type`, `webrtc_id`, and `sdp` or `candidate`.
            set_outputs: called in the event loop with each of the session's AdditionalOutputs.

        Raises ValueError for an invalid body, for a description that cannot be answered, and for an unknown modality or mode; TypeError
        if the handler does not fit them.
        """
        if self.modality == "audio" and self.mode != "receive" and not isinstance(self.handler, StreamHandlerBase | VideoStreamHandler):
            self.handler = FunctionHandler(self.handler)
        check_handler(self.handler, self.modality, self.mode)
        fields = body.model_dump() if isinstance(body, BaseModel) else dict(body)
        answer = await Stream.offer(self, fields)  # the subclass may have an `offer` of its own, which calls this
        if isinstance(refused := answer.get("meta"), dict) and "detail" in answer:
            raise ValueError(refused["error"])
        session = self.sessions.get(str(fields.get("webrtc_id")))
        if set_outputs is not _stored and answer.get("type") == "answer" and session is not None:
            task = asyncio.create_task(_forward(session, set_outputs))
            self._forwarding.add(task)
            task.add_done_callback(self._forwarding.discard)
        return answer


WAITING_FRAMES = 10
"""Frames that wait for the function, 0.2 s; those behind them wait in the session, which drops the oldest ones and warns the client."""


class FunctionHandler(StreamHandler):
    """A handler of audio that plays what a function returns for each frame."""

    def __init__(self, function: Callable[[AudioFrame], Any]) -> None:
        super().__init__()
        self._function = function
        self._frames: queue.Queue[AudioFrame | None] = queue.Queue(WAITING_FRAMES)
        self._ended = False

    def copy(self) -> "FunctionHandler":
        """Return a handler of the same function."""
        return FunctionHandler(self._function)

    def receive(self, frame: AudioFrame) -> None:
        """Queue a frame, except after the end; wait while the function has enough of them."""
        if not self._ended:
            self._frames.put(frame)

    def emit(self) -> Any:
        """Return the function's result for the next frame."""
        frame = self._frames.get()
        return None if frame is None else self._function(frame)

    def shutdown(self) -> None:
        """Leave out what waits, and end a wait of `receive` for room and of `emit` for a frame."""
        self._ended = True
        with suppress(queue.Empty):
            while True:
                self._frames.get_nowait()
        self._frames.put_nowait(None)  # there is room: only one `receive` can have waited


def _stored(outputs: AdditionalOutputs) -> None:
    """Do nothing: the session stores its outputs itself."""


async def _forward(session: Reachable, set_outputs: SetOutputs) -> None:
    async for outputs in outputs_of(session):
        set_outputs(outputs)
