"""The voices of Cartesia, an outside service that FastRTC supports.

Parley itself never calls it; only a developer's code does, by `get_tts_model("cartesia", cartesia_api_key=...)` (design law 10).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from streaming.audio.convert import aggregate_bytes_to_16bit
from streaming.tts.base import VoiceError

NOT_INSTALLED = "the package cartesia is not installed: pip install cartesia"


@dataclass
class CartesiaTTSOptions:
    """Options of speech by Cartesia, under FastRTC's names.

    Attributes:
        voice: the id of a voice there.
        language: a code such as "en".
        model: the name of a model there.
        sample_rate: samples per second of the audio.
        emotion, cartesia_version: accepted for compatibility, without effect, as in FastRTC.
    """

    voice: str = "71a7ad14-091c-4e8e-a314-022ece01c121"
    language: str = "en"
    emotion: list[str] = field(default_factory=list)
    cartesia_version: str = "2024-06-10"
    model: str = "sonic-2"
    sample_rate: int = 22_050


class Cartesia:
    """Speech by Cartesia, through its own package. Raises VoiceError if that is not installed."""

    def __init__(self, cartesia_api_key: str = "") -> None:
        try:
            package = import_module("cartesia")
        except ImportError:
            raise VoiceError(NOT_INSTALLED) from None
        self._client = package.Cartesia(api_key=cartesia_api_key)

    def tts(self, text: str, options: CartesiaTTSOptions | None = None) -> tuple[int, NDArray[np.int16]]:
        """Return a text as (rate, int16 of shape (n,)); blocks. Raises VoiceError if the service fails."""
        options = options or CartesiaTTSOptions()
        parts = [samples for _, samples in self.stream_tts_sync(text, options)]
        return options.sample_rate, np.concatenate(parts) if parts else np.zeros(0, np.int16)

    def stream_tts_sync(self, text: str, options: CartesiaTTSOptions | None = None) -> Iterator[tuple[int, NDArray[np.int16]]]:
        """Yield a text in parts as they come; blocks. Raises VoiceError if the service fails."""
        options = options or CartesiaTTSOptions()
        try:
            encoded = self._client.tts.bytes(
                model_id=options.model,
                transcript=text,
                voice={"mode": "id", "id": options.voice},
                language=options.language,
                output_format={"container": "raw", "encoding": "pcm_s16le", "sample_rate": options.sample_rate},
            )
            for part in aggregate_bytes_to_16bit(encoded):
                yield options.sample_rate, np.frombuffer(part, np.int16)
        except Exception as error:  # of the package, whose text may have the words
            raise VoiceError(f"cartesia: {type(error).__name__}") from None
