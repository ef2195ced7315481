"""Options of endpointing, under FastRTC's names.

FastRTC runs the VAD on separate chunks of 0.6 s. Parley runs it every 32 ms on the continuous audio, so that a turn begins within 100 ms
and ends after a defined silence. The options for chunks remain for handlers that detect pauses themselves (`vad_chunks.py`).
"""

from collections.abc import Sequence
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


@dataclass
class InterruptionOptions:
    """What happens when the user speaks during a reply. An addition of Parley, with the names of LiveKit Agents where it has them.

    Args:
        allow_interruptions: the same as `can_interrupt` of FastRTC; a reply may be interrupted only if both are true.
        min_interruption_duration: seconds of speech from which it interrupts; words other than backchannels interrupt at their end, too,
            if they are shorter. 0, together with `min_interruption_words` 0: any speech interrupts at once.
        min_interruption_words: words, without filled pauses, that an interruption has; used while a recogniser is loaded.
        resume_false_interruption: pause the reply at the start of speech, and continue it after a backchannel or a noise. Otherwise the
            reply continues until the decision.
        false_interruption_timeout: seconds after which a paused reply continues if there is no decision yet; None for no limit.
        backchannels: further words or phrases that do not interrupt, such as "interesting".
        ignore_softer_db: where others talk, speech that is softer than the user's own so far by more decibels neither interrupts a reply
            nor keeps the user's turn open. None: all speech is the user's.
        join_turn_s: if at most so many seconds of the interrupted reply were heard, the user had only paused: the next turn contains
            the audio of the previous one. 0: never.

    Raises ValueError for a value out of range.
    """

    allow_interruptions: bool = True
    min_interruption_duration: float = 0.5
    min_interruption_words: int = 0
    resume_false_interruption: bool = True
    false_interruption_timeout: float | None = 2.0
    backchannels: Sequence[str] = ()
    ignore_softer_db: float | None = 8.0
    join_turn_s: float = 1.2

    def __post_init__(self) -> None:
        for name in ("min_interruption_duration", "min_interruption_words", "join_turn_s"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must be at least 0, not {getattr(self, name)!r}")
        if self.false_interruption_timeout is not None and not self.false_interruption_timeout > 0:
            raise ValueError(f"false_interruption_timeout must be above 0, or None, not {self.false_interruption_timeout!r}")
        if self.ignore_softer_db is not None and not self.ignore_softer_db > 0:
            raise ValueError(f"ignore_softer_db must be above 0, or None, not {self.ignore_softer_db!r}")
        if isinstance(self.backchannels, str):
            raise ValueError("backchannels must be a list of words or phrases, not a single text")

    @property
    def holds(self) -> bool:
        """Whether the reply is silent while the user may have begun to speak."""
        return self.resume_false_interruption and not self.at_once

    @property
    def at_once(self) -> bool:
        """Whether any speech interrupts, without a decision."""
        return self.min_interruption_duration == 0 and self.min_interruption_words == 0


def turn_detector_options(
    algo: AlgoOptions,
    model: SileroVadOptions,
    *,
    progress: bool = False,
    asks_end: bool = False,
    asks_onset: bool = False,
    ignore_softer_db: float | None = None,
) -> TurnDetectorOptions:
    """Return the options of the turn detector.

    Args:
        progress: updates during a turn.
        asks_end: a question at each pause.
        asks_onset: a report of sound that may be the beginning of speech.
        ignore_softer_db: see `InterruptionOptions`.
    """
    return TurnDetectorOptions(
        pause_ms=algo.min_silence_ms,
        longest_s=min(LONGEST_TURN_S, algo.max_continuous_speech_s),
        onset=model.threshold,
        least_speech_ms=model.min_speech_duration_ms,
        pre_roll_ms=model.speech_pad_ms,
        progress=progress,
        asks_end=asks_end,
        asks_onset=asks_onset,
        ignore_softer_db=ignore_softer_db,
    )
