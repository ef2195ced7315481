"""The settings decide what ends a turn of live speech."""

from typing import Any

from insights.portal.live import longest_silence_ms
from streaming.conversations.recognition_options import recognition_options
from streaming.speech.end_of_turn import words_model


def test_the_words_decide_in_english(settings: Any) -> None:
    """In other languages a fixed pause does."""
    settings.END_OF_TURN, settings.LONGEST_PAUSE_MS = "words", 900
    english = recognition_options("en-GB")
    assert (english.end_of_turn, english.longest_pause_ms, english.interims) == (words_model(), 900, True)
    assert recognition_options("de-DE").end_of_turn is None


def test_the_fixed_pause_stays_available(settings: Any) -> None:
    """`END_OF_TURN=pause` asks no model."""
    settings.END_OF_TURN, settings.END_OF_TURN_MS, settings.LONGEST_TURN_S = "pause", 700, 8.0
    options = recognition_options("en-US")
    assert (options.end_of_turn, options.end_of_turn_ms, options.longest_turn_s) == (None, 700, 8.0)


def test_the_interval_of_interim_results_is_a_setting(settings: Any) -> None:
    """In every language."""
    settings.INTERIM_INTERVAL_MS = 800
    assert [recognition_options(language).interim_ms for language in ("en-US", "de-DE")] == [800, 800]


def test_the_live_page_sends_the_longest_silence(settings: Any) -> None:
    """Without it a turn with an unfinished sentence would end only when the server misses audio."""
    settings.END_OF_TURN, settings.END_OF_TURN_MS, settings.LONGEST_PAUSE_MS = "words", 500, 1200
    assert longest_silence_ms() == 1200
    settings.END_OF_TURN = "pause"
    assert longest_silence_ms() == 500
