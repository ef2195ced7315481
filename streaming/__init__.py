"""Transports, sessions, speech recognition and protocols; this module exports the names that developers import.

    from streaming import ReplyOnPause, Stream

Each name is loaded on first access, so that importing the package is cheap and works before Django's apps are ready.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streaming.aio.wait_for_item import wait_for_item
    from streaming.audio.convert import (
        aggregate_bytes_to_16bit,
        async_aggregate_bytes_to_16bit,
        audio_to_bytes,
        audio_to_float32,
        audio_to_int16,
    )
    from streaming.audio.temporary_files import audio_to_file
    from streaming.handlers.cartesia import CartesiaTTSOptions
    from streaming.handlers.context import Context, Warning, WebRTCError, get_current_context
    from streaming.handlers.endpointing_options import AlgoOptions, InterruptionOptions, SileroVadOptions
    from streaming.handlers.fastrtc_compat import (
        AudioEmitType,
        ModelOptions,
        MoonshineSTT,
        PauseDetectionModel,
        UIArgs,
        VideoEmitType,
        WebRTCData,
        get_silero_model,
    )
    from streaming.handlers.gradio_page import WebRTC
    from streaming.handlers.handler_types import VideoStreamHandler
    from streaming.handlers.reply_on_pause import ReplyOnPause
    from streaming.handlers.stop_words import ReplyOnStopWords
    from streaming.handlers.stream import Stream
    from streaming.handlers.stream_handlers import (
        AsyncAudioVideoStreamHandler,
        AsyncStreamHandler,
        AudioEmit,
        AudioVideoStreamHandler,
        StreamHandler,
        VideoEmit,
    )
    from streaming.handlers.stt import get_stt_model
    from streaming.handlers.tts import KokoroTTSOptions, get_tts_model
    from streaming.handlers.turn_credentials import (
        get_cloudflare_turn_credentials,
        get_cloudflare_turn_credentials_async,
        get_hf_turn_credentials,
        get_hf_turn_credentials_async,
        get_turn_credentials,
        get_turn_credentials_async,
        get_twilio_turn_credentials,
    )
    from streaming.types.outputs import AdditionalOutputs, CloseStream

_HOMES = {
    "audio.convert": (
        "aggregate_bytes_to_16bit",
        "async_aggregate_bytes_to_16bit",
        "audio_to_bytes",
        "audio_to_float32",
        "audio_to_int16",
    ),
    "audio.temporary_files": ("audio_to_file",),
    "handlers.fastrtc_compat": (
        "AudioEmitType",
        "ModelOptions",
        "MoonshineSTT",
        "PauseDetectionModel",
        "UIArgs",
        "VideoEmitType",
        "WebRTCData",
        "get_silero_model",
    ),
    "handlers.cartesia": ("CartesiaTTSOptions",),
    "handlers.context": ("Context", "Warning", "WebRTCError", "get_current_context"),
    "handlers.stream_handlers": (
        "AsyncAudioVideoStreamHandler",
        "AsyncStreamHandler",
        "AudioEmit",
        "AudioVideoStreamHandler",
        "StreamHandler",
        "VideoEmit",
    ),
    "handlers.gradio_page": ("WebRTC",),
    "handlers.handler_types": ("VideoStreamHandler",),
    "handlers.endpointing_options": ("AlgoOptions", "InterruptionOptions", "SileroVadOptions"),
    "types.outputs": ("AdditionalOutputs", "CloseStream"),
    "handlers.turn_credentials": (
        "get_cloudflare_turn_credentials",
        "get_cloudflare_turn_credentials_async",
        "get_hf_turn_credentials",
        "get_hf_turn_credentials_async",
        "get_turn_credentials",
        "get_turn_credentials_async",
        "get_twilio_turn_credentials",
    ),
    "handlers.reply_on_pause": ("ReplyOnPause",),
    "handlers.stop_words": ("ReplyOnStopWords",),
    "handlers.stream": ("Stream",),
    "handlers.stt": ("get_stt_model",),
    "handlers.tts": ("KokoroTTSOptions", "get_tts_model"),
    "aio.wait_for_item": ("wait_for_item",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AdditionalOutputs",
    "AlgoOptions",
    "AsyncAudioVideoStreamHandler",
    "AsyncStreamHandler",
    "AudioEmit",
    "AudioEmitType",
    "AudioVideoStreamHandler",
    "CartesiaTTSOptions",
    "CloseStream",
    "Context",
    "InterruptionOptions",
    "KokoroTTSOptions",
    "ModelOptions",
    "MoonshineSTT",
    "PauseDetectionModel",
    "ReplyOnPause",
    "ReplyOnStopWords",
    "SileroVadOptions",
    "Stream",
    "StreamHandler",
    "UIArgs",
    "VideoEmit",
    "VideoEmitType",
    "VideoStreamHandler",
    "Warning",
    "WebRTC",
    "WebRTCData",
    "WebRTCError",
    "aggregate_bytes_to_16bit",
    "async_aggregate_bytes_to_16bit",
    "audio_to_bytes",
    "audio_to_file",
    "audio_to_float32",
    "audio_to_int16",
    "get_cloudflare_turn_credentials",
    "get_cloudflare_turn_credentials_async",
    "get_current_context",
    "get_hf_turn_credentials",
    "get_hf_turn_credentials_async",
    "get_silero_model",
    "get_stt_model",
    "get_tts_model",
    "get_turn_credentials",
    "get_turn_credentials_async",
    "get_twilio_turn_credentials",
    "wait_for_item",
]


def __getattr__(name: str) -> Any:
    """Load one of the names above."""
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'streaming' has no attribute {name!r}")
    return getattr(import_module(f"streaming.{home}"), name)
