"""Names that FastRTC's users import: aliases of our own classes, and types that describe FastRTC's pages."""

from functools import lru_cache
from typing import Any, Literal, TypedDict

from pydantic import BaseModel

from streaming.handlers.stream_handlers import AudioEmit, VideoEmit
from streaming.handlers.stt import SpeechToText, get_stt_model
from streaming.handlers.vad_chunks import PauseModel, SileroModel

AudioEmitType = AudioEmit
VideoEmitType = VideoEmit
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
