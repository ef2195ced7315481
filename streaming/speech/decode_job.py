"""One stretch of sound on its way through a worker thread."""

from collections.abc import Callable
from dataclasses import dataclass, field

from streaming.audio.pcm import Samples
from streaming.speech.endpointing import Span
from streaming.speech.transcript import Transcriber, Transcript


@dataclass(slots=True, eq=False)
class DecodeJob:
    """A job of the scheduler: the words of `span` of turn number `turn`; `done` is called in the worker, whatever happened."""

    turn: int
    span: Span
    pcm: Samples
    thorough: bool  # for a final, perhaps ahead of it; else for an interim
    transcriber: Transcriber
    draft: Callable[[int], tuple[int, ...]]  # asked at the last moment for the newest tokens of a turn
    done: Callable[["DecodeJob"], None]
    transcript: Transcript = field(default_factory=Transcript)
    is_done: bool = False
    is_submitted: bool = False

    def run(self) -> None:
        """Decode, then tell `done`; after an exception with an empty transcript."""
        transcribe = self.transcriber.final if self.thorough else self.transcriber.interim
        try:
            self.transcript = transcribe(self.pcm, self.draft(self.turn))
        finally:
            self.done(self)
