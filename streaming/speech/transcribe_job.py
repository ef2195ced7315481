"""The decoding of one block of audio outside of any recognition."""

import threading
from dataclasses import dataclass, field

from streaming.audio.pcm import Samples
from streaming.speech.engines.base import RecogniserError
from streaming.speech.transcript import Transcriber, Transcript

TIMEOUT_S = 60.0


@dataclass(slots=True, eq=False)
class TranscribeJob:
    """A scheduler job; the thread that submitted it waits in `result`."""

    pcm: Samples
    thorough: bool
    transcriber: Transcriber
    _transcript: Transcript = field(default_factory=Transcript)
    _done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Decode. After an exception the transcript is empty."""
        transcribe = self.transcriber.final if self.thorough else self.transcriber.interim
        try:
            self._transcript = transcribe(self.pcm, ())
        finally:
            self._done.set()

    def result(self) -> Transcript:
        """Wait up to `TIMEOUT_S` seconds for the transcript. Raises RecogniserError if the recogniser was closed or is too far behind."""
        if not self._done.wait(TIMEOUT_S):
            raise RecogniserError("the recogniser did not answer")
        return self._transcript
