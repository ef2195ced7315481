"""Repeats what you said when you pause. Speak while it plays, and it stops.

The smallest stream that takes turns.
"""

from collections.abc import Iterator

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from streaming import ReplyOnPause, Stream

AudioFrame = tuple[int, NDArray[np.int16]]
"""Samples per second, and samples of shape (1, n)."""


def respond(turn: AudioFrame) -> Iterator[AudioFrame]:
    """Return the audio of the turn unchanged."""
    yield turn


echo = Stream(
    ReplyOnPause(respond, output_sample_rate=48000),
    modality="audio",
    mode="send-receive",
    name="echo",
    time_limit=600,
    ui_args={"title": gettext_noop("Echo")},
)
