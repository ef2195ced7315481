"""The summary selects messages in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis import TopicIndex, summarise
from insights.analysis.summary import Candidates
from tests.insights.analysis.test_topics import TALK


def test_selects_messages_about_the_topics() -> None:
    """Fillers and single mentions are not selected, and the order is the conversation's."""
    index = TopicIndex()
    for number, text in enumerate(TALK):
        index.add(str(number), text, 0.0)
    chosen = summarise(TALK, index.top(), limit=2)
    assert chosen == sorted(chosen)
    assert set(chosen) <= {1, 2, 3, 5}
    assert len(chosen) == 2


def test_repeats_are_selected_once() -> None:
    """Of two equal sentences one is selected."""
    talk = ["The warehouse needs a second forklift soon."] * 2 + [
        "The roof of the bakery leaks when it rains.",
        "A forklift for the warehouse costs much.",
    ]
    assert len({talk[index] for index in summarise(talk, limit=2)}) == 2


@pytest.mark.parametrize(
    "text",
    [
        "Does the warehouse of the bakery need a forklift?",
        "Hello everybody from the warehouse of the bakery.",
        "And that forklift broke the warehouse door.",
        "It broke the door of the warehouse.",
        "The forklift of the warehouse belongs to the",
        "The forklift of the warehouse, the bakery,",
    ],
)
def test_what_does_not_stand_alone_is_not_selected(text: str) -> None:
    """Questions, greetings, fragments and references to what was said before are left out, even if nothing else was said."""
    assert summarise([text]) == []


def test_the_number_of_words_is_limited() -> None:
    """Messages that do not fit are passed over."""
    candidates = Candidates()
    for at, text in enumerate(["The warehouse needs a second forklift for the summer season.", "The bakery roof leaks badly."]):
        candidates.add(str(at), text)
    assert candidates.best(limit=5, most_words=7) == ["1"]
    assert candidates.best(limit=5) == ["0", "1"]


def test_empty_summary() -> None:
    """No messages, or only fillers, give no summary."""
    assert summarise([]) == []
    assert summarise(["Um.", "Okay, yeah.", "I do."]) == []


def test_a_long_conversation_takes_bounded_time() -> None:
    """The number of messages ranked at once is limited, and every choice is a message."""
    talk = [f"The gadget number{number} broke the pipeline{number % 7} in hall{number % 11} today." for number in range(1500)]
    assert all(0 <= index < 1500 for index in summarise(talk, limit=4))


@given(st.lists(st.text(max_size=60), max_size=8))
def test_any_text(texts: list[str]) -> None:
    """No text raises an error, and every index is of a message, each at most once."""
    chosen = summarise(texts)
    assert len(set(chosen)) == len(chosen)
    assert all(0 <= index < len(texts) for index in chosen)
