"""Splits a whole recording into turns, for long recordings and to compare live recognition with a bare model (`make bench`, tests)."""

from streaming.audio.pcm import Samples
from streaming.speech.endpointing import Endpointer, SpeechEnded
from streaming.speech.vad import FRAME, Voice


def turns_of(pcm: Samples, end_of_turn_ms: int = 500, longest_turn_s: float = 12.0) -> list[Samples]:
    """Return the audio of each turn, shape (n,), float32 at 16 kHz, as a live recognition would find them.

    Loads the VAD model on each call.
    """
    voice, endpointer = Voice(), Endpointer(end_of_turn_ms, longest_turn_s)
    slots = [voice.take_slot()]
    events = []
    for start in range(0, len(pcm) - FRAME + 1, FRAME):
        frame = pcm[start : start + FRAME]
        events += endpointer.push(voice.probabilities(slots, [frame])[0], float(frame @ frame) ** 0.5)
    events += endpointer.flush()
    return [pcm[event.span.start * FRAME : event.span.end * FRAME] for event in events if isinstance(event, SpeechEnded)]
