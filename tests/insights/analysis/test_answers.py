"""Questions that stay open."""

import pytest

from insights.analysis.answers import SpokenText, stays_open

QUESTION = SpokenText(1, "When does the supplier deliver the batteries?")


@pytest.mark.parametrize(
    "after",
    [
        [],
        [SpokenText(1, "That matters for the launch.")],
        [SpokenText(2, "I don't know."), SpokenText(1, "Okay, next point.")],
        [SpokenText(2, "Let me check with the supplier and come back."), SpokenText(1, "Thanks.")],
        [SpokenText(2, "Hm."), SpokenText(3, "Who asked them last?")],
    ],
)
def test_no_answer(after: list[SpokenText]) -> None:
    """Nobody else answers, or somebody says that they do not know."""
    assert stays_open(QUESTION, after)


@pytest.mark.parametrize(
    "after",
    [[SpokenText(2, "On Friday.")], [SpokenText(1, "Anyone?"), SpokenText(2, "The supplier said Friday.")], [SpokenText(2, "Yes.")]],
)
def test_an_answer(after: list[SpokenText]) -> None:
    """Another speaker says something with content, or yes or no."""
    assert not stays_open(QUESTION, after)


def test_one_speaker_answers_themselves() -> None:
    """Where speakers are not told apart, the next message may be the answer of somebody else."""
    assert stays_open(QUESTION, [SpokenText(1, "On Friday.")])
    assert not stays_open(QUESTION, [SpokenText(1, "On Friday.")], one_speaker=True)


def test_a_question_that_does_not_stand_alone() -> None:
    """A short question says nothing to who reads it later."""
    assert not stays_open(SpokenText(1, "Is it?"), [])
