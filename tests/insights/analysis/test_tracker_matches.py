"""Matches of tracker phrases: inflected, split, misspelt, across two messages, in other scripts."""

import pytest

from insights.analysis.trackers import NEAR, Tracker, TrackerIndex


def _hits(vocabulary: list[str], text: str, previous: str = "") -> list[tuple[str, int]]:
    return [(hit.text, hit.offset) for hit in TrackerIndex([Tracker("T", tuple(vocabulary))]).find(text, previous)]


@pytest.mark.parametrize(
    ("phrase", "text", "said"),
    [
        ("cancel the order", "I want to cancel the order now.", "cancel the order"),
        ("cancel my order", "She cancelled my orders twice.", "cancelled my orders"),
        ("price increase", "Another price increase? No more price increases!", "price increase"),
        ("Purchase Order", "send the purchase order", "purchase order"),
        ("manager approval", "I need the manager's approval.", "manager's approval"),
        ("can't afford", "We can’t afford it.", "can’t afford"),
        ("follow-up call", "We plan a follow up call.", "follow up call"),
        ("follow up call", "We plan a follow-up call.", "follow-up call"),
        ("go live", "The go-live is in May.", "go-live"),
        ("COVID-19", "Because of covid 19 we stayed in.", "covid 19"),
        ("café", "We met in a cafe there.", "cafe"),
        ("cafe", "We met in a café there.", "café"),
        ("naïve plan", "It was a naive plan.", "naive plan"),
        ("budget", "🎉🎉 the budget is approved 🎉", "budget"),
        ("überweisung", "Die Überweisung ist da.", "Überweisung"),
        ("договор", "Мы подписали договор вчера.", "договор"),
        ("how much is it", "So how much is it then?", "how much is it"),
        ("try again", "They tried again.", "tried again"),
        ("buy a house", "He bought a house.", "bought a house"),
        ("service level agreement", "Our SERVICE LEVEL AGREEMENTS are fine.", "SERVICE LEVEL AGREEMENTS"),
        ("R&D budget", "The R&D budget is gone.", "R&D budget"),
    ],
)
def test_exact_and_inflected(phrase: str, text: str, said: str) -> None:
    """Consecutive words in any form match with their offset."""
    assert _hits([phrase], text)[0] == (said, text.index(said))


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("cancel the contract", "We will cancel the old contract."),
        ("cancel the contract", "The contract must be cancelled."),
        ("purchase order", "Where is the order for the purchase?"),
        ("escalate the ticket", "Please escalte the ticket."),
        ("invoice", "The invioce is wrong."),
        ("voicemail", "I left a voice mail."),
        ("data protection officer", "the officer who does data protection"),
        ("delivery date", "What is the date of delivery?"),
    ],
)
def test_similar(phrase: str, text: str) -> None:
    """Another order, words between, one wrong letter and split words match as similar, without offset."""
    assert [offset for _, offset in _hits([phrase], text)] == [NEAR]


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("cancel the contract", "We cancel the meeting. By the way, Tom has read, as I said, every single contract."),
        ("budget", "He budged a little."),
        ("price", "The prince is here."),
        ("invoice", "I hear a voice."),
        ("next step", "The next one steps in."),
        ("press one", "The press has one more question."),
        ("refund", "We founded the firm."),
        ("blocker", "He blogs."),
        ("new product", "The news produced a stir."),
        ("data loss", "We have data on weight, on height, and on the loss of hair."),
        ("I'm lost", "I'm last."),
        ("Mars", "in March"),
        ("", "anything at all"),
        ("...", "anything at all..."),
        ("🎉", "party 🎉"),
    ],
)
def test_no_match(phrase: str, text: str) -> None:
    """Similar spellings with another meaning, and phrases without a word, do not match."""
    assert _hits([phrase], text) == []


@pytest.mark.parametrize(
    ("previous", "text", "said"),
    [
        ("I would like to cancel", "the order, please.", "cancel the order"),
        ("We need the legal", "department for that.", "legal department"),
        ("Where is our purchase?", "Order number nine.", "purchase Order"),
    ],
)
def test_over_two_messages(previous: str, text: str, said: str) -> None:
    """A phrase that begins in the previous message ends in this one."""
    phrase = said.lower()
    assert _hits([phrase], text, previous) == [(said, 0)]
    assert _hits([phrase], text) == []


def test_overlapping_phrases_all_match() -> None:
    """A phrase inside another one, and one that begins where another ends, both match."""
    assert [said for said, _ in _hits(["budget", "budget cut", "cut back"], "The budget cut back then hurt.")] == [
        "budget",
        "budget cut",
        "cut back",
    ]


def test_a_repeated_phrase_matches_twice() -> None:
    """Each offset is a match."""
    assert [offset for _, offset in _hits(["refund"], "A refund is a refund.")] == [2, 14]


def test_spellings_of_one_phrase_match_once() -> None:
    """Capitals, spaces and hyphens make no other phrase."""
    assert len(_hits(["Follow-up", "follow up", "FOLLOW  UP"], "The follow up is done.")) == 1


def test_a_tracker_matches_a_place_once() -> None:
    """An exact match is not also similar to another phrase of its tracker, and a similar match is reported once."""
    vocabulary = ["cancel the order", "cancel my order", "cancel our order"]
    assert _hits(vocabulary, "Please cancel my order.") == [("cancel my order", 7)]
    assert _hits(vocabulary, "The order must be cancelled.") == [("order must be cancelled", NEAR)]
