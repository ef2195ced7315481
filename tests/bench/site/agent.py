"""A voice agent as the guide shows one: recogniser, an answer by rule, an installed voice. Its answer is not measured, only its delay."""

import os
from collections.abc import Iterator
from functools import lru_cache
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


REPLY_S = 25.0
"""About the seconds of the long answer."""
_NUMBERS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"


@lru_cache(maxsize=1)
def _long_speech() -> list[Any]:
    """Return a long answer without a pause, spoken once."""
    return list(get_tts_model(VOICE).stream_tts_sync(" ".join([_NUMBERS] * 4)))


def long_answer(audio: Any) -> Iterator[Any]:
    """Answer every turn with a long text; the turn is transcribed as an agent would."""
    listen.stt(audio)
    yield from _long_speech()
