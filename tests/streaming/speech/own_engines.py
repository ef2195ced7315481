"""Speech engines as another author may write them: one that works, and some that lack a part."""

from collections.abc import Sequence

from streaming.audio.codecs import Decoder
from streaming.audio.pcm import Samples
from streaming.speech.engines.base import EngineOptions, Listener, RecogniserError, Recognition, RecognitionOptions, Word
from streaming.speech.transcript import Transcript
from streaming.speech.turn_recogniser import TurnRecogniser


class TurnLength(TurnRecogniser):
    """Returns the length of a turn."""

    languages = ("en-US",)

    def load_model(self) -> None:
        self.unit = "samples"

    def final(self, pcm: Samples, draft: Sequence[int] = ()) -> Transcript:
        return Transcript.of(f"I will send {len(pcm)} {self.unit} tomorrow.", 0.8)


class WithoutModel(TurnRecogniser):
    """A class with neither a model nor languages."""

    def final(self, pcm: Samples, draft: Sequence[int] = ()) -> Transcript:
        return Transcript()


class WithoutArgument(TurnLength):
    """A class that takes no options."""

    def __init__(self) -> None:
        super().__init__(EngineOptions(1, None))  # type: ignore[arg-type]


class Unrelated:
    """A class that has only the languages of a recogniser."""

    languages = ("en-US",)


class Underived:
    """A class with all methods of a recogniser, without its base class."""

    languages = ("en-US",)

    ready = False

    def __init__(self, options: EngineOptions) -> None:
        self.options = options

    def load(self) -> None:
        """Do nothing."""
        self.ready = True

    def close(self) -> None:
        """Do nothing."""
        self.ready = False

    def open(self, options: RecognitionOptions, decoder: Decoder, listener: Listener) -> Recognition:
        """Open nothing."""
        raise RecogniserError("this engine only transcribes whole recordings")

    def transcribe(self, pcm: Samples, voiced: Sequence[tuple[float, float]] = (), *, thorough: bool = True) -> tuple[Word, ...]:
        """Return one word."""
        return (Word("Underived.", 0.0, 1.0, 1.0),)


def function(options: EngineOptions) -> TurnLength:
    """A function that returns a recogniser, and is no class."""
    return TurnLength(options)
