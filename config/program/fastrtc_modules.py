"""The package `fastrtc` while `parley run` runs a program: its modules, and the names in each, are Parley's.

FastRTC's layout of modules is a fact of its repository. A name that is not in the table is looked up among the names of `streaming`.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PACKAGE = "fastrtc"

NAMES: dict[str, tuple[str, ...]] = {
    "credentials": (
        "get_cloudflare_turn_credentials",
        "get_cloudflare_turn_credentials_async",
        "get_hf_turn_credentials",
        "get_hf_turn_credentials_async",
        "get_turn_credentials",
        "get_turn_credentials_async",
        "get_twilio_turn_credentials",
    ),
    "pause_detection": ("ModelOptions", "PauseDetectionModel", "SileroVadOptions", "get_silero_model"),
    "pause_detection.protocol": ("ModelOptions", "PauseDetectionModel"),
    "pause_detection.silero": ("SileroVadOptions", "get_silero_model"),
    "reply_on_pause": ("AlgoOptions", "ReplyOnPause"),
    "reply_on_stopwords": ("ReplyOnStopWords",),
    "speech_to_text": ("MoonshineSTT", "get_stt_model"),
    "speech_to_text.stt_": ("MoonshineSTT", "get_stt_model"),
    "stream": ("Stream", "UIArgs"),
    "text_to_speech": ("CartesiaTTSOptions", "KokoroTTSOptions", "get_tts_model"),
    "text_to_speech.tts": ("CartesiaTTSOptions", "KokoroTTSOptions", "get_tts_model"),
    "tracks": (
        "AsyncAudioVideoStreamHandler",
        "AsyncStreamHandler",
        "AudioEmitType",
        "AudioVideoStreamHandler",
        "StreamHandler",
        "VideoEmitType",
        "VideoStreamHandler",
    ),
    "utils": (
        "AdditionalOutputs",
        "CloseStream",
        "Context",
        "Warning",
        "WebRTCData",
        "WebRTCError",
        "aggregate_bytes_to_16bit",
        "async_aggregate_bytes_to_16bit",
        "audio_to_bytes",
        "audio_to_file",
        "audio_to_float32",
        "audio_to_int16",
        "get_current_context",
        "wait_for_item",
    ),
    "webrtc": ("WebRTC",),
    "webrtc_connection_mixin": ("WebRTCConnectionMixin",),
    "websocket": (),
}
"""The modules of the package, with what `from ... import *` gives. The package itself has all names of `streaming`."""

_TYPES = "streaming.handlers.fastrtc_compat"
ELSEWHERE: dict[str, str] = {
    "reply_on_pause.AppState": "streaming.handlers.vad_chunks",
    "reply_on_pause.ReplyFnGenerator": _TYPES,
    "stream.Body": _TYPES,
    "tracks.StreamHandlerBase": "streaming.handlers.stream_handlers",
    **{
        f"tracks.{name}": _TYPES
        for name in (
            "AsyncHandler",
            "AudioVideoStreamHandlerImpl",
            "EmitType",
            "HandlerType",
            "StreamHandlerImpl",
            "VideoEventHandler",
            "VideoNDArray",
            "VideoStreamHandlerImpl",
        )
    },
    **{
        f"{module}.AudioChunk": "streaming.handlers.vad_chunks"
        for module in ("pause_detection.protocol", "pause_detection.silero", "utils")
    },
    "utils.RTCConfigurationCallable": _TYPES,
    "utils.create_message": _TYPES,
    "webrtc_connection_mixin.WebRTCConnectionMixin": "streaming.handlers.connection_mixin",
    "speech_to_text.STTModel": "streaming.handlers.stt",
    "speech_to_text.stt_.STTModel": "streaming.handlers.stt",
    "text_to_speech.TTSModel": "streaming.handlers.tts",
    "text_to_speech.TTSOptions": "streaming.handlers.tts",
    "text_to_speech.tts.TTSModel": "streaming.handlers.tts",
    "text_to_speech.tts.TTSOptions": "streaming.handlers.tts",
}
"""Names that are not among those of `streaming`, with the module that has them: "utils.create_message": "streaming.handlers...."."""


class FastrtcFinder(MetaPathFinder, Loader):
    """Finds `fastrtc` and its modules before an installed FastRTC is found."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the spec of a module of the table; None for all other modules."""
        package, _, module = fullname.partition(".")
        if package != PACKAGE or (module and module not in NAMES):
            return None
        return ModuleSpec(fullname, self, is_package=not module or any(name.startswith(f"{module}.") for name in NAMES))

    def exec_module(self, module: ModuleType) -> None:
        """Fill the module; each name is loaded when it is first used."""
        import streaming

        within = module.__name__.partition(".")[2]
        names = NAMES.get(within) or streaming.__all__
        module.__dict__["__all__"] = list(names)

        def load(name: str) -> Any:
            try:
                if home := ELSEWHERE.get(f"{within}.{name}" if within else name):
                    return getattr(import_module(home), name)
                return getattr(streaming, name)
            except AttributeError:
                raise AttributeError(f"Parley has no {module.__name__}.{name} (docs/reference/fastrtc.md lists what there is)") from None

        module.__dict__["__getattr__"] = load
        module.__dict__["__dir__"] = lambda: sorted(names)


def install() -> None:
    """Make `import fastrtc` find Parley's names, until this process ends."""
    if not any(isinstance(finder, FastrtcFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, FastrtcFinder())
