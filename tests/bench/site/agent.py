"""A voice agent as the guide shows one: recogniser, an answer by rule, an installed voice. Its answer is not measured, only its delay."""

import os
from collections.abc import Iterator
from typing import Any

from streaming import get_stt_model, get_tts_model

VOICE = os.environ.get("BENCH_VOICE", "kokoro")
"""The engine of the voice; "kokoro" is the best one that is installed."""


listen = get_stt_model()


def answer(audio: Any) -> Iterator[Any]:
    """Answer a turn by its words."""
    words = listen.stt(audio).lower()
    text = "Yes. The budget comes first." if "budget" in words else "Sorry. I did not understand that."
    yield from get_tts_model(VOICE).stream_tts_sync(text)
