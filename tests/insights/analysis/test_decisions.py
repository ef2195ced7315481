"""Sentences that say what was decided."""

import pytest

from insights.analysis.decisions import says_decision


@pytest.mark.parametrize(
    "text",
    [
        "We decided to move the launch to the second week of May.",
        "Okay, we’ve agreed that support covers the weekend shifts.",
        "so let's go with the blue casing for the remote",
        "The decision is to keep two suppliers for the batteries.",
        "We're going with the rubber buttons and the curved case.",
    ],
)
def test_decisions(text: str) -> None:
    """What a group agreed on, in words that stand alone."""
    assert says_decision(text)


@pytest.mark.parametrize(
    "text",
    [
        "We decided that.",
        "Have we decided on the colour of the casing?",
        "If we decided to move the launch, sales would complain.",
        "We haven't decided on the launch date yet.",
        "We should decide on the colour of the casing tomorrow.",
        "Let's go with that.",
        "I decided to take the train to Berne.",
    ],
)
def test_what_is_no_decision(text: str) -> None:
    """Questions, conditions, open decisions and what points to something said before."""
    assert not says_decision(text)
