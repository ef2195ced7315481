"""Names that FastRTC's users import and that are called otherwise here, or describe its screens: nothing in here works by itself."""

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
"""What a pause model of one's own takes as its options."""


class MoonshineSTT(SpeechToText):
    """The recogniser of this installation, for code that makes one itself; see `get_stt_model`."""

    def __init__(self, model: str = "moonshine/base") -> None:
        get_stt_model(model)  # which says when it does not know the name


@lru_cache
def get_silero_model() -> SileroModel:
    """Return the detector that tells speech from silence, ready to use: `vad((rate, array), options) -> (seconds of speech, chunks)`.

    One for the whole process; it may be called from any thread. Raises RecogniserError where the model's file is missing.
    """
    model = SileroModel()
    model.warmup()
    return model


class WebRTCData(BaseModel):
    """What FastRTC's own page sends with its inputs: the id, and a line of text where the page has a box for it."""

    webrtc_id: str
    textbox: str = ""
    audio: Any | None = None


class UIArgs(TypedDict, total=False):
    """How the page of a stream should look. `title`, `subtitle`, `hide_title` and `send_input_on` are heeded by ours; the others are about
    buttons that it does not have.
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
