"""Turns in which several people speak, cut at the words where the voice changes."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streaming.speech.engines.base import Word
from streaming.speech.speaker_parts import VoiceTime, parts_of


def words(text: str, step: float = 0.4) -> tuple[Word, ...]:
    """Return words of equal length."""
    return tuple(Word(word, round(step * n, 3), round(step * (n + 1), 3), 0.9) for n, word in enumerate(text.split()))


def said(text: str, *times: VoiceTime) -> list[tuple[int, str]]:
    """Return voice and text of each part."""
    return [(part.voice, " ".join(word.text for word in part.words)) for part in parts_of(words(text), times, otherwise=7)]


def test_one_voice() -> None:
    """A turn of one voice stays whole; words outside of its times are its own, too."""
    assert said("We can start now.", VoiceTime(0.1, 1.2, 2)) == [(2, "We can start now.")]


def test_nothing_is_known() -> None:
    """Without voices, the turn has the voice that is given; without words there are no parts."""
    assert said("We can start now.") == [(7, "We can start now.")]
    assert parts_of((), [VoiceTime(0, 1, 0)], otherwise=7) == []


def test_a_change_of_the_voice_cuts_the_turn() -> None:
    """Each word has the voice that speaks longest in it."""
    found = said("Can you hear me? Yes I can.", VoiceTime(0, 1.7, 0), VoiceTime(1.7, 3, 1))
    assert found == [(0, "Can you hear me?"), (1, "Yes I can.")]


def test_a_cut_beside_the_end_of_a_sentence_moves_there() -> None:
    """The times of words are not exact: one word more or less belongs to the sentence."""
    for change in (1.3, 1.9):
        assert said("Can you hear me? Yes I can.", VoiceTime(0, change, 0), VoiceTime(change, 3, 1)) == [
            (0, "Can you hear me?"),
            (1, "Yes I can."),
        ]


def test_a_part_that_is_too_short_goes_to_its_neighbour() -> None:
    """A voice that is heard for less than a word cuts nothing."""
    part = parts_of(words("so that is what I mean", 0.2), [VoiceTime(0, 0.6, 0), VoiceTime(0.6, 0.8, 1), VoiceTime(0.8, 2, 0)], otherwise=0)
    assert [one.voice for one in part] == [0]


def test_overlap_is_marked() -> None:
    """A part in which another voice speaks for a third of the time is marked; the other parts are not."""
    times = [VoiceTime(0, 2, 0), VoiceTime(2, 2.8, 1), VoiceTime(2.8, 4, 1, overlap=True), VoiceTime(2.8, 4, 0, overlap=True)]
    found = parts_of(words("one two three four five. six seven eight nine ten."), times, otherwise=0)
    assert [(part.voice, part.overlap) for part in found] == [(0, False), (1, True)]


TIMES = st.lists(st.tuples(st.floats(0, 8), st.floats(0.05, 3), st.integers(0, 3), st.booleans()), max_size=6)


@given(TIMES, st.lists(st.sampled_from(["so", "yes.", "why?", "we"]), max_size=20))
def test_every_word_is_in_one_part(times: list[tuple[float, float, int, bool]], texts: list[str]) -> None:
    """The parts hold all words in order, and neighbours have different voices."""
    spans = [VoiceTime(start, start + length, voice, overlap) for start, length, voice, overlap in times]
    all_words = words(" ".join(texts))
    parts = parts_of(all_words, spans, otherwise=0)
    assert tuple(word for part in parts for word in part.words) == all_words
    assert all(one.voice != other.voice for one, other in pairwise(parts))
