"""Options of endpointing, under FastRTC's names.

FastRTC runs the VAD on separate chunks of 0.6 s. Parley runs it every 32 ms on the continuous audio, so that a turn begins within 100 ms
and ends after a defined silence. The options for chunks remain for handlers that detect pauses themselves (`vad_chunks.py`).
"""

from dataclasses import dataclass

from streaming.speech.turn_detector import TurnDetectorOptions

LONGEST_TURN_S = 120.0
"""Greatest length of a turn in seconds: its audio is held in memory until it ends."""


@dataclass
class AlgoOptions:
    """When a turn begins and ends.

    Args:
        audio_chunk_duration, started_talking_threshold, speech_threshold: in seconds; used only with a `model` of your own or an
            overridden `determine_pause`, where they mean what they mean in FastRTC.
        max_continuous_speech_s: a longer turn is cut at its weakest pause.
        min_silence_ms: an addition of Parley: the silence that ends a turn, in milliseconds; with another `turn_detection` than
            "pause" it ends a turn without words.
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
        min_speech_duration_ms: a turn with less speech is discarded (FastRTC: 250; 100 keeps short answers and discards clicks).
        speech_pad_ms: audio before the first word that is part of the turn.
        max_speech_duration_s, min_silence_duration_ms, window_size_samples: accepted without effect: in FastRTC they cut chunks into
            segments and do not decide when a turn ends; see `AlgoOptions.min_silence_ms`.
    """

    threshold: float = 0.5
    min_speech_duration_ms: int = 100
    max_speech_duration_s: float = float("inf")
    min_silence_duration_ms: int = 2000
    window_size_samples: int = 1024
    speech_pad_ms: int = 400


def turn_detector_options(
    algo: AlgoOptions, model: SileroVadOptions, *, progress: bool = False, asks_end: bool = False
) -> TurnDetectorOptions:
    """Return the options of the turn detector; `progress` requests updates during a turn, `asks_end` a question at each pause."""
    return TurnDetectorOptions(
        pause_ms=algo.min_silence_ms,
        longest_s=min(LONGEST_TURN_S, algo.max_continuous_speech_s),
        onset=model.threshold,
        least_speech_ms=model.min_speech_duration_ms,
        pre_roll_ms=model.speech_pad_ms,
        progress=progress,
        asks_end=asks_end,
    )
