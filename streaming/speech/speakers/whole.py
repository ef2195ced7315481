"""Speaker diarization of a whole recording."""

from collections.abc import Iterable, Iterator

import numpy as np

from streaming.audio.pcm import RATE, Samples
from streaming.speech.speakers.online_diarization import LiveDiarizer
from streaming.speech.speakers.tuning import Tuning
from streaming.speech.speakers.types import WINDOW_S, SpeakerModels, SpeakerSpan


def diarize(
    samples: Samples | Iterable[Samples],
    models: SpeakerModels,
    expected: int | None = None,
    *,
    most: int = 10,
    tuning: Tuning | None = None,
) -> tuple[SpeakerSpan, ...]:
    """Return the spans of a recording (float32, 16 kHz, mono), given whole or as blocks of any length."""
    diarizer = LiveDiarizer(models, expected=expected, most=most, tuning=tuning)
    start_s = 0.0
    for window in _windows([samples] if isinstance(samples, np.ndarray) else samples):
        diarizer.turn(window, start_s, speech=False)
        start_s += len(window) / RATE
    return diarizer.finish()


def _windows(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """Yield windows of ten seconds, the last one shorter."""
    length = round(WINDOW_S * RATE)
    waiting: list[Samples] = []
    count = 0
    for block in blocks:
        waiting.append(block)
        count += len(block)
        if count >= length:
            joined = np.concatenate(waiting)
            whole = len(joined) // length * length
            yield from np.split(joined[:whole], whole // length)
            waiting, count = [joined[whole:]], len(joined) - whole
    if count:
        yield np.concatenate(waiting)
