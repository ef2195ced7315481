"""The decoding of one turn by a worker thread."""

from collections.abc import Callable
from dataclasses import dataclass, field

from streaming.audio.pcm import Samples
from streaming.speech.endpointing import Span
from streaming.speech.transcript import Transcriber, Transcript


@dataclass(slots=True, eq=False)
class DecodeJob:
    """A scheduler job that decodes `span` of turn number `turn`. `done` is always called, in the worker thread."""

    turn: int
    span: Span
    pcm: Samples
    thorough: bool  # for a final result, perhaps speculatively; else for an interim result
    transcriber: Transcriber
    draft: Callable[[int], tuple[int, ...]]  # returns the newest tokens of a turn; called just before decoding
    done: Callable[["DecodeJob"], None]
    transcript: Transcript = field(default_factory=Transcript)
    is_done: bool = False
    is_submitted: bool = False

    def run(self) -> None:
        """Decode, then call `done`. After an exception the transcript is empty."""
        transcribe = self.transcriber.final if self.thorough else self.transcriber.interim
        try:
            self.transcript = transcribe(self.pcm, self.draft(self.turn))
        finally:
            self.done(self)
