"""Trackers match exactly, inflected, across two messages, and similar."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis import Tracker, TrackerIndex

INDEX = TrackerIndex(
    [
        Tracker("churn", ("cancel my subscription", "refund", "switch provider"), "t-1"),
        Tracker("price", ("too expensive", "budget approval")),
    ]
)


def test_exact() -> None:
    """A phrase matches with its offset."""
    hit = INDEX.find("I want to cancel my subscription today")[0]
    assert (hit.name, hit.value, hit.text, hit.offset, hit.end, hit.id) == (
        "churn",
        "cancel my subscription",
        "cancel my subscription",
        10,
        32,
        "t-1",
    )


@pytest.mark.parametrize("text", ["Cancelling my subscriptions", "we got refunds", "They switched providers"])
def test_inflected_is_exact(text: str) -> None:
    """Other forms of the words have an offset too."""
    hits = INDEX.find(text)
    assert [hit.offset >= 0 for hit in hits] == [True]
    assert text[hits[0].offset : hits[0].end] == hits[0].text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("my subscription, can you cancel it", "cancel my subscription"),
        ("we need a refunt", "refund"),
        ("get approval of the budget", "budget approval"),
    ],
)
def test_similar(text: str, value: str) -> None:
    """Another order, words between and one wrong letter have offset -1."""
    assert [(hit.value, hit.offset) for hit in INDEX.find(text)] == [(value, -1)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cancel the meeting",
        "my subscription is fine",
        "the budget is low and nobody on the board has given any approval",
        "we fund it",
    ],
)
def test_no_match(text: str) -> None:
    """Half a phrase, or distant words, do not match."""
    assert INDEX.find(text) == []


def test_a_phrase_over_two_messages() -> None:
    """A phrase across two messages matches once, in the second."""
    hits = INDEX.find("subscription please", "I want to cancel my")
    assert [(hit.value, hit.text, hit.offset, hit.end) for hit in hits] == [("cancel my subscription", "cancel my subscription", 0, 12)]
    assert INDEX.find("subscription please", "I want to keep my") == []


def test_every_place_counts() -> None:
    """A phrase said twice is two matches."""
    assert [hit.offset for hit in INDEX.find("refund, I said refund")] == [0, 15]


def test_two_trackers_may_share_a_phrase() -> None:
    """Both trackers match."""
    index = TrackerIndex([Tracker("a", ("late delivery",)), Tracker("b", ("late delivery",))])
    assert [hit.name for hit in index.find("a late delivery again")] == ["a", "b"]


def test_no_trackers() -> None:
    """No trackers, and empty phrases, give no match."""
    assert TrackerIndex([Tracker("empty", ("", "  ", "?"))]).find("anything", "before") == []


_PIECES = st.sampled_from(
    [
        "cancel",
        "my",
        "subscription",
        "refunds",
        "switch",
        "providers",
        "too expensive",
        "budget-approval",
        "🎉",
        "e\u0301",
        "👩‍👩‍👧",
        "İ",
        "ﬁ",
        ",",
        "\n",
        "’s",
    ]
)


@given(st.lists(_PIECES, max_size=14).map(" ".join) | st.text(max_size=80), st.text(max_size=40))
def test_any_text(text: str, previous: str) -> None:
    """No text raises an error, and an exact match is the text at its offset, in characters."""
    for hit in INDEX.find(text):
        assert hit.offset == -1 or text[hit.offset : hit.end] == hit.text
        assert hit.text in text
    for hit in INDEX.find(text, previous):
        assert hit.offset == -1 or 0 <= hit.offset < hit.end <= len(text)


def test_many_trackers_match_separately() -> None:
    """Of 500 trackers with 50 phrases exactly those in the message match."""
    pick = random.Random(3)
    pool = ["".join(pick.choices("abcdefghilmnoprtu", k=9)) for _ in range(6000)]
    phrases = [" ".join(pick.sample(pool, 3)) for _ in range(25_000)]
    index = TrackerIndex([Tracker(f"t{at}", tuple(phrases[at * 50 : at * 50 + 50])) for at in range(500)])
    for at in range(0, 25_000, 1250):
        hits = index.find(f"so {phrases[at]} it is")
        assert (f"t{at // 50}", phrases[at], 3) in {(hit.name, hit.value, hit.offset) for hit in hits}
    assert index.find("nothing of that kind was said here at all") == []


def test_a_message_of_any_length() -> None:
    """Only the first characters of a very long message are searched."""
    hits = INDEX.find("refund " * 100_000)
    assert 0 < len(hits) < 600
    assert all(hit.end <= 4000 for hit in hits)
