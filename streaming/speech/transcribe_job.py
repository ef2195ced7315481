"""One stretch of sound to be read on its own, outside of any recognition."""

import threading
from dataclasses import dataclass, field

from streaming.audio.pcm import Samples
from streaming.speech.engines.base import RecogniserError
from streaming.speech.transcript import Transcriber, Transcript

PATIENCE_S = 60.0


@dataclass(slots=True, eq=False)
class TranscribeJob:
    """A job of the scheduler; whoever submitted it waits in `result`."""

    pcm: Samples
    thorough: bool
    transcriber: Transcriber
    _transcript: Transcript = field(default_factory=Transcript)
    _done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Decode; after an exception there are no words."""
        transcribe = self.transcriber.final if self.thorough else self.transcriber.interim
        try:
            self._transcript = transcribe(self.pcm, ())
        finally:
            self._done.set()

    def result(self) -> Transcript:
        """Wait for the words. Raises RecogniserError when the recogniser was closed, or is hopelessly behind."""
        if not self._done.wait(PATIENCE_S):
            raise RecogniserError("the recogniser did not answer")
        return self._transcript
