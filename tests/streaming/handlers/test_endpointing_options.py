"""The options of turn taking."""

from streaming.handlers.endpointing_options import LONGEST_TURN_S, AlgoOptions, SileroVadOptions, turn_detector_options


def test_options() -> None:
    """FastRTC's names map to our options."""
    options = turn_detector_options(AlgoOptions(), SileroVadOptions())
    assert (options.pause_ms, options.longest_s, options.onset) == (500, LONGEST_TURN_S, 0.5)
    assert options.ignore_softer_db is None
    options = turn_detector_options(
        AlgoOptions(min_silence_ms=900, max_continuous_speech_s=8),
        SileroVadOptions(threshold=0.7, min_speech_duration_ms=250, speech_pad_ms=100),
    )
    assert (options.pause_ms, options.longest_s, options.onset) == (900, 8, 0.7)
    assert (options.least_speech_ms, options.pre_roll_ms) == (250, 100)
