"""Words: the joining of split words, and their times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.speech.transcript import Transcript, UntimedWord, assign_times, is_plausible, join_split_words


def joined(text: str) -> str:
    """Return the text after joining."""
    return " ".join(word.text for word in join_split_words([UntimedWord(word, 0.9) for word in text.split()]))


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("I will do it to day.", "I will do it today."),
        ("To morrow, then.", "Tomorrow, then."),
        ("Eighty per cent of it.", "Eighty percent of it."),
        ('Good bye!"', 'Goodbye!"'),
        ("From day to day.", "From day to day."),
        ("He gave it to, day after day.", "He gave it to, day after day."),
        ("To days of joy", "To days of joy"),
        ("", ""),
    ],
)
def test_joining(said: str, wanted: str) -> None:
    """Split words become one, with their capitals and punctuation; others stay."""
    assert joined(said) == wanted


def test_a_joined_word_has_the_lower_confidence() -> None:
    """The lower confidence counts."""
    assert join_split_words([UntimedWord("per", 0.9), UntimedWord("cent", 0.4)]) == (UntimedWord("percent", 0.4),)


@pytest.mark.parametrize(
    ("text", "confidence", "voiced_s", "believed"),
    [
        ("Thank you.", 0.68, 0.16, False),
        ("Thank you.", 0.84, 0.35, True),
        ("Yes.", 0.8, 0.13, True),
        ("Two.", 0.8, 0.128, True),
        ("Yes.", 0.49, 0.5, False),
        ("Completely so.", 0.9, 0.39, True),
        ("Completely, yes.", 0.9, 0.39, False),
        ("Completely, yes.", 0.9, 0.41, True),
    ],
)
def test_plausible_results(text: str, confidence: float, voiced_s: float, believed: bool) -> None:
    """A result is kept if it is confident and not too fast; only short turns are judged by their pace."""
    words = tuple(UntimedWord(word, confidence) for word in text.split())
    assert is_plausible(Transcript(words, confidence), voiced_s) is believed


def test_words_fill_the_voiced_segments() -> None:
    """The first word begins with the voice, the last ends with it, longer words take longer."""
    short, long = assign_times([UntimedWord("a", 1), UntimedWord("considerable", 1)], [(1.0, 2.5)])
    assert (short.start, long.end) == (1.0, 2.5)
    assert short.end == long.start
    assert long.end - long.start > 4 * (short.end - short.start)


def test_a_word_is_not_put_into_a_pause() -> None:
    """Each of two words has its own of two segments."""
    first, second = assign_times([UntimedWord("one", 1), UntimedWord("two", 1)], [(0.0, 1.0), (3.0, 4.0)])
    assert (first.start, first.end, second.start, second.end) == (0.0, 1.0, 3.0, 4.0)


def test_empty_input() -> None:
    """No words and no voice give nothing."""
    assert assign_times([], [(0, 1)]) == assign_times([UntimedWord("one", 1)], []) == ()


@given(
    st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=40),
    st.lists(st.tuples(st.floats(0.1, 3), st.floats(0.05, 2)), min_size=1, max_size=6),
)
def test_times_rise_and_stay_inside(words: list[str], stretches: list[tuple[float, float]]) -> None:
    """Times never decrease and never leave the voiced segments, whatever the words and pauses."""
    voiced, at = [], 0.0
    for length, pause in stretches:
        voiced.append((at, at + length))
        at += length + pause
    placed = assign_times([UntimedWord(word, 0.5) for word in words], voiced)
    times = [time for word in placed for time in (word.start, word.end)]
    assert [word.text for word in placed] == words
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= voiced[-1][1] + 0.001
