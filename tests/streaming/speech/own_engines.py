"""Speech engines as another author may write them: one that works, and some that lack something."""

from collections.abc import Sequence

from streaming.audio.codecs import Decoder
from streaming.audio.pcm import Samples
from streaming.speech.engines.base import EngineOptions, Listener, RecogniserError, Recognition, RecognitionOptions, Word
from streaming.speech.transcript import Transcript
from streaming.speech.turn_recogniser import TurnRecogniser


class TurnLength(TurnRecogniser):
    """Says how long a turn is."""

    languages = ("en-US",)

    def load_model(self) -> None:
        self.unit = "samples"

    def final(self, pcm: Samples, draft: Sequence[int] = ()) -> Transcript:
        return Transcript.of(f"I will send {len(pcm)} {self.unit} tomorrow.", 0.8)


class WithoutModel(TurnRecogniser):
    """Neither a model nor languages."""

    def final(self, pcm: Samples, draft: Sequence[int] = ()) -> Transcript:
        return Transcript()


class WithoutArgument(TurnLength):
    """Cannot be made with options."""

    def __init__(self) -> None:
        super().__init__(EngineOptions(1, None))  # type: ignore[arg-type]


class Unrelated:
    """Has nothing of a recogniser but its languages."""

    languages = ("en-US",)


class Underived:
    """All methods of a recogniser, without its base class."""

    languages = ("en-US",)

    ready = False

    def __init__(self, options: EngineOptions) -> None:
        self.options = options

    def load(self) -> None:
        """Be ready."""
        self.ready = True

    def close(self) -> None:
        """End."""
        self.ready = False

    def open(self, options: RecognitionOptions, decoder: Decoder, listener: Listener) -> Recognition:
        """Open nothing."""
        raise RecogniserError("this engine only transcribes whole recordings")

    def transcribe(self, pcm: Samples, voiced: Sequence[tuple[float, float]] = (), *, thorough: bool = True) -> tuple[Word, ...]:
        """Return one word."""
        return (Word("Underived.", 0.0, 1.0, 1.0),)


def function(options: EngineOptions) -> TurnLength:
    """Return a recogniser, but is no class."""
    return TurnLength(options)
