"""Names that FastRTC's users import: aliases of our own classes, and types that describe FastRTC's pages."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import lru_cache
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, JsonValue

from streaming.handlers.handler_types import HandlerLike
from streaming.handlers.ice_servers import RtcConfiguration
from streaming.handlers.stream_handlers import (
    AsyncAudioVideoStreamHandler,
    AsyncStreamHandler,
    AudioEmit,
    AudioVideoStreamHandler,
    StreamHandler,
    VideoEmit,
)
from streaming.handlers.stt import SpeechToText, get_stt_model
from streaming.handlers.vad_chunks import PauseModel, SileroModel

AudioEmitType = EmitType = AudioEmit
VideoEmitType = VideoEmit
HandlerType = HandlerLike
StreamHandlerImpl = StreamHandler | AsyncStreamHandler
VideoStreamHandlerImpl = AudioVideoStreamHandlerImpl = AudioVideoStreamHandler | AsyncAudioVideoStreamHandler
AsyncHandler = AsyncStreamHandler | AsyncAudioVideoStreamHandler
VideoEventHandler = Callable[..., Any]
ReplyFnGenerator = Callable[..., Iterator[AudioEmit]] | Callable[..., AsyncIterator[AudioEmit]]
RTCConfigurationCallable = Callable[[], RtcConfiguration] | Callable[[], Awaitable[RtcConfiguration]] | RtcConfiguration
VideoNDArray = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]
PauseDetectionModel = PauseModel
ModelOptions = Any
"""The options of a custom pause model."""


class MoonshineSTT(SpeechToText):
    """The recogniser of this installation, for code that creates the model itself; see `get_stt_model`.

    Raises ValueError for an unknown model name.
    """

    def __init__(self, model: str = "moonshine/base") -> None:
        get_stt_model(model)  # raises for an unknown name


@lru_cache
def get_silero_model() -> SileroModel:
    """Return the loaded VAD model: `vad((rate, array), options) -> (seconds of speech, chunks)`.

    There is one per process; it may be called from any thread. Raises RecogniserError if the model file is missing.
    """
    model = SileroModel()
    model.warmup()
    return model


class WebRTCData(BaseModel):
    """What FastRTC's page sends with its inputs: the id, and a text where the page has a text box."""

    webrtc_id: str
    textbox: str = ""
    audio: Any | None = None


class Body(BaseModel):
    """The body of a request to {path}/webrtc/offer, for routes that call `Stream.offer`."""

    sdp: str | None = None
    candidate: dict[str, JsonValue] | None = None
    type: str
    webrtc_id: str


def create_message(type: str, data: list[Any] | str) -> str:
    """Return a message for `send_message`, as JSON text."""
    return json.dumps({"type": type, "data": data})


class UIArgs(TypedDict, total=False):
    """Appearance of a stream's page. Our page uses `title`, `subtitle`, `hide_title` and `send_input_on`; the others have no effect, since
    they are about a button that it does not have.
    """

    title: str
    subtitle: str
    icon: str
    icon_button_color: str
    pulse_color: str
    icon_radius: int
    send_input_on: Literal["submit", "change"]
    hide_title: bool
    full_screen: bool
    variant: str
