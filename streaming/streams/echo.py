"""Says what you said, once you pause: the smallest stream that takes turns. Speak while it plays, and it stops."""

from collections.abc import Iterator

from streaming import ReplyOnPause, Stream
from streaming.audio.convert import Audio


def respond(audio: Audio) -> Iterator[Audio]:
    """Give the turn back, (rate, array of shape (1, n))."""
    yield audio


echo = Stream(ReplyOnPause(respond, output_sample_rate=48000), modality="audio", mode="send-receive", name="echo", time_limit=600)
