"""Questions that stay open."""

import pytest

from insights.analysis.answers import Said, stays_open

QUESTION = Said(1, "When does the supplier deliver the batteries?")


@pytest.mark.parametrize(
    "after",
    [
        [],
        [Said(1, "That matters for the launch.")],
        [Said(2, "I don't know."), Said(1, "Okay, next point.")],
        [Said(2, "Let me check with the supplier and come back."), Said(1, "Thanks.")],
        [Said(2, "Hm."), Said(3, "Who asked them last?")],
    ],
)
def test_no_answer(after: list[Said]) -> None:
    """Nobody else answers, or somebody says that they do not know."""
    assert stays_open(QUESTION, after)


@pytest.mark.parametrize("after", [[Said(2, "On Friday.")], [Said(1, "Anyone?"), Said(2, "The supplier said Friday.")], [Said(2, "Yes.")]])
def test_an_answer(after: list[Said]) -> None:
    """Another speaker says something with content, or yes or no."""
    assert not stays_open(QUESTION, after)


def test_one_speaker_answers_themselves() -> None:
    """Where speakers are not told apart, the next message may be the answer of somebody else."""
    assert stays_open(QUESTION, [Said(1, "On Friday.")])
    assert not stays_open(QUESTION, [Said(1, "On Friday.")], one_speaker=True)


def test_a_question_that_does_not_stand_alone() -> None:
    """A short question says nothing to who reads it later."""
    assert not stays_open(Said(1, "Is it?"), [])
