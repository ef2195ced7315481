"""A telephone line that tells opening hours and the address, and hangs up when the caller says goodbye.

    parley run examples/telephone.py --public

An exchange such as Twilio connects calls to /telephone/incoming (docs/reference/fastrtc.md, "Telephones"). Browsers can call it, too.
"""

from collections.abc import Iterator
from typing import Any

from parley import AdditionalOutputs, CloseStream, ReplyOnPause, Stream, get_stt_model, get_tts_model

GREETING = "Welcome to the town library. Would you like our opening hours or our address?"
ANSWERS = {
    "hour": "We are open from nine to six, on Saturdays until one.",
    "open": "We are open from nine to six, on Saturdays until one.",
    "address": "We are at twelve Market Street, opposite the station.",
    "where": "We are at twelve Market Street, opposite the station.",
}
RATE = 8_000
"""Samples per second of a telephone."""

listen = get_stt_model()
voice = get_tts_model()


def greet() -> Iterator[Any]:
    """Speak first."""
    yield from voice.stream_tts_sync(GREETING)


def answer(audio: Any) -> Iterator[Any]:
    """Answer by a word of the question."""
    said = listen.stt(audio).lower()
    is_end = any(word in said for word in ("goodbye", "good bye", "bye", "thank"))
    text = "Goodbye." if is_end else next((ANSWERS[word] for word in ANSWERS if word in said), "Please say hours, or address.")
    yield AdditionalOutputs({"caller": said, "answer": text})
    yield from voice.stream_tts_sync(text)
    if is_end:
        yield CloseStream("the caller said goodbye")


handler = ReplyOnPause(answer, startup_fn=greet, input_sample_rate=RATE, output_sample_rate=RATE)
stream = Stream(handler, modality="audio", mode="send-receive", ui_args={"title": "Telephone line"})

if __name__ == "__main__":
    stream.ui.launch()
