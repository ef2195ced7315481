"""The knobs of turn taking, under the names that FastRTC's users know.

FastRTC looks at chunks of 0.6 s on their own; here each 32 ms is heard in one stream, so that a turn begins within 100 ms and ends after a
stated silence. Options of the old way are kept for handlers that detect pauses themselves (`chunks.py`).
"""

from dataclasses import dataclass

from streaming.speech.turn_detector import TurnDetectorOptions

LONGEST_TURN_S = 120.0
"""A turn is over after so long in any case: what somebody says is held in memory until then."""


@dataclass
class AlgoOptions:
    """When a turn begins and ends.

    Args:
        audio_chunk_duration, started_talking_threshold, speech_threshold: in seconds; used only with a `model` of your own or an
            overridden `determine_pause`, where they mean what they mean in FastRTC.
        max_continuous_speech_s: a longer turn is cut at its weakest pause.
        min_silence_ms: ours: the silence that ends a turn, in milliseconds.
    """

    audio_chunk_duration: float = 0.6
    started_talking_threshold: float = 0.2
    speech_threshold: float = 0.1
    max_continuous_speech_s: float = float("inf")
    min_silence_ms: int = 500


@dataclass
class SileroVadOptions:
    """What counts as speech.

    Args:
        threshold: probability of speech, in [0, 1], from which a turn may begin.
        min_speech_duration_ms: a turn with less speech in it is none (FastRTC: 250; here short answers count, and clicks do not).
        speech_pad_ms: so much sound from before the first word is in the turn.
        max_speech_duration_s, min_silence_duration_ms, window_size_samples: accepted and without effect: they cut FastRTC's chunks into
            segments and never decided when somebody has finished; see `AlgoOptions.min_silence_ms`.
    """

    threshold: float = 0.5
    min_speech_duration_ms: int = 100
    max_speech_duration_s: float = float("inf")
    min_silence_duration_ms: int = 2000
    window_size_samples: int = 1024
    speech_pad_ms: int = 400


def turn_detector_options(algo: AlgoOptions, model: SileroVadOptions, *, progress: bool = False) -> TurnDetectorOptions:
    """Return what pause detection needs to know of both."""
    return TurnDetectorOptions(
        pause_ms=algo.min_silence_ms,
        longest_s=min(LONGEST_TURN_S, algo.max_continuous_speech_s),
        onset=model.threshold,
        least_speech_ms=model.min_speech_duration_ms,
        pre_roll_ms=model.speech_pad_ms,
        progress=progress,
    )
