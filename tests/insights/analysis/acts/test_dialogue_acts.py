"""Confidences of the shipped model on the project's own sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis.acts import dialogue_acts
from insights.insight_kinds import KindName
from tests.insights.analysis.talk import BOB, JANE, said

TALK = [
    said("The second pallet came in damaged.", BOB, 3),
    said("Yes, I saw the photos.", JANE, 4),
    said("It is not the first time.", BOB, 5),
]
"""Something to have been said before."""


def _confidence(text: str, kind: KindName, alone: bool) -> float:
    before = [] if alone else TALK
    return dialogue_acts.score(said(text, JANE, len(before) + 3 if before else 0), before)[kind]


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("What is the tracking number of the parcel?", "question"),
        ("what is the tracking number of the parcel", "question"),
        ("Did the carrier answer?", "question"),
        ("How long does the repair take?", "question"),
        ("I will send the photos to the insurance company by Friday.", "action_item"),
        ("Please send the photos to the insurance company.", "action_item"),
        ("We need to order new boxes before the end of the month.", "action_item"),
        ("I'll follow up with the carrier next week.", "follow_up"),
        ("Let me check with the warehouse and get back to you.", "follow_up"),
    ],
)
def test_detected(text: str, kind: KindName, alone: bool) -> None:
    """Business sentences are detected with and without context, and with and without a question mark."""
    assert _confidence(text, kind, alone) >= 0.5


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        "Great, how much will the first year cost for a small team?",
        "Okay and when does the lift work again?",
        "Our launch is planned for the twentieth, is the pricing page finished.",
        "Thanks for the photos, do you know the name of the driver?",
        "So tell me, what is the most important lesson of your career?",
        "Can you tell me when the carrier comes?",
    ],
)
def test_questions_after_an_introduction(text: str, alone: bool) -> None:
    """A question begins at its clause, also without a question mark; a request for an answer is no action item."""
    assert _confidence(text, "question", alone) > 0.9
    assert _confidence(text, "action_item", alone) < 0.3


@pytest.mark.parametrize("alone", [True, False])
def test_a_list_of_points(alone: bool) -> None:
    """Items of a list are no action items, and "who talks to the customer" in one is no question."""
    text = "Two things, the launch date, and who talks to the customer in Berlin."
    assert max(_confidence(text, "question", alone), _confidence(text, "action_item", alone)) < 0.4


@pytest.mark.parametrize("kind", ["question", "action_item", "follow_up"])
@pytest.mark.parametrize(
    "text", ["The roof was painted green.", "Good morning, everyone.", "What he built is remarkable.", "That sounds good.", "", "...", "?!"]
)
def test_not_detected(text: str, kind: KindName) -> None:
    """Statements, greetings and noise give no insight."""
    assert _confidence(text, kind, alone=True) < 0.5


def test_a_hesitation_can_be_a_question() -> None:
    """A hesitation may be a question only with a question mark and a word."""
    assert _confidence("Huh?", "question", alone=False) > 0.1
    assert max(_confidence(text, "question", alone=False) for text in ("Huh.", "?!")) < 0.01


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("text", ["I'll follow up with the carrier next week.", "Let me check with the warehouse and get back to you."])
def test_a_follow_up_is_reported_once(text: str, alone: bool) -> None:
    """A follow-up is a kind of action item, and is not also reported as an action item."""
    assert _confidence(text, "follow_up", alone) >= 0.5
    assert _confidence(text, "action_item", alone) < 0.5


def test_only_the_last_context_messages_count() -> None:
    """Only the last CONTEXT messages change a confidence."""
    before = [said(f"point {number}", JANE) for number in range(dialogue_acts.CONTEXT)]
    assert dialogue_acts.score(said("who does that"), [said("I want you to leave"), *before]) == dialogue_acts.score(
        said("who does that"), before
    )


@given(st.text(max_size=120), st.lists(st.text(max_size=30), max_size=3))
def test_any_text(text: str, before: list[str]) -> None:
    """No text raises an error, and confidences stay inside 0..1."""
    found = dialogue_acts.score(said(text), [said(one, JANE) for one in before])
    assert set(found) == {"question", "action_item", "follow_up"}
    assert all(0 < confidence < 1 for confidence in found.values())
