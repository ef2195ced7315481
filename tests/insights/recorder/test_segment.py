"""Utterances cut into messages."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from insights.recorder import SpokenWord, Utterance
from insights.recorder.segment import drafts
from tests.insights.conftest import utterance

START = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


def test_each_sentence_has_its_own_words_and_times() -> None:
    """A turn of two sentences gives two drafts with adjacent times."""
    first, second = drafts(utterance("Hello there. How are you?", START))
    assert (first.text, second.text) == ("Hello there.", "How are you?")
    assert [word.text for word in second.words] == ["How", "are", "you?"]
    assert (first.start, first.end) == (START, START + timedelta(seconds=1))
    assert (second.start, second.end) == (START + timedelta(seconds=1), START + timedelta(seconds=2.5))


def test_blank_text_is_no_message() -> None:
    """White space gives no draft."""
    assert drafts(utterance("   ", START)) == []


def test_vocabulary_corrects_text_and_keeps_the_original() -> None:
    """A near match becomes the phrase in text and words, with the times shared out, and the original is kept."""
    (draft,) = drafts(utterance("We talk about par lay today.", START), ["Parley"])
    assert draft.text == "We talk about Parley today."
    assert draft.original == "We talk about par lay today."
    assert [word.text for word in draft.words] == ["We", "talk", "about", "Parley", "today."]
    assert draft.words[3].end - draft.words[3].start == timedelta(seconds=1)


def test_text_without_words_gets_times_by_length() -> None:
    """Messages of a recogniser without word times get consecutive times by length."""
    bare = Utterance("One two three. Four.", (), 0.8, START, START + timedelta(seconds=10))
    first, second = drafts(bare)
    assert first.start == START
    assert START < first.end <= second.start < second.end == START + timedelta(seconds=10)
    assert first.confidence == 0.8


def test_words_that_differ_from_the_text_are_not_lost() -> None:
    """A word that the text spells differently is in a sentence near its position."""
    words = tuple(SpokenWord(text, START, START, 0.5) for text in ("twenty", "euros", "please", "now"))
    made = drafts(Utterance("20 euros. Please now.", words, 0.5, START, START))
    assert [[word.text for word in draft.words] for draft in made] == [["twenty", "euros"], ["please", "now"]]


def test_nul_is_removed() -> None:
    """Text is cleaned of NUL before it is cut."""
    assert [draft.text for draft in drafts(Utterance("a\x00b c", (), 1, START, START))] == ["ab c"]


@given(st.lists(st.text(alphabet="abc.?! ", min_size=1, max_size=8), max_size=20), st.floats(0, 1))
def test_no_word_is_lost_or_doubled(pieces: list[str], confidence: float) -> None:
    """Each word is in exactly one draft, in order, and no draft ends before it begins."""
    said = utterance(" ".join(pieces), START, confidence)
    made = drafts(said)
    if made:
        assert [word for draft in made for word in draft.words] == list(said.words)
    assert all(draft.text.strip() and draft.start <= draft.end and 0 <= draft.confidence <= 1 for draft in made)
