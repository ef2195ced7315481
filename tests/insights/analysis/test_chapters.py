"""Stretches of a conversation and their headings."""

from collections.abc import Iterator

from insights.analysis.chapters import LEAST_S, TimedSentence, boundaries, chapters

GARDEN = "The garden needs water, and the roses in the garden need new soil before the summer."
BUDGET = "Our budget for marketing is too small, so the marketing team must cut the budget of two campaigns."
HIRING = "We should hire an engineer, and every candidate for the engineer position gets an interview."


def said(*texts: str, minutes: float = 8.0) -> list[TimedSentence]:
    """Return a conversation in which each text is said again and again for some minutes, a sentence each 6 s."""

    def lines() -> Iterator[TimedSentence]:
        for part, text in enumerate(texts):
            for number in range(int(minutes * 10)):
                yield TimedSentence(text, part * minutes * 60 + number * 6)

    return list(lines())


def test_a_new_subject_begins_a_stretch() -> None:
    """The boundaries lie near the change of subject, and the headings are the topics of the parts."""
    talk = said(GARDEN, BUDGET, HIRING)
    starts = boundaries(talk)
    assert [min(abs(start - true) for start in starts) <= 6 for true in (0, 80, 160)] == [True] * 3
    assert len(starts) == 3
    found = chapters(talk, ["marketing budget", "garden", "engineer position", "summer"])
    assert [one.heading for one in found] == ["Garden", "Marketing budget", "Engineer position"]


def test_a_short_conversation_has_no_stretches() -> None:
    """Below two stretches of the least length there are no headings."""
    talk = said(GARDEN, BUDGET, minutes=LEAST_S / 60 * 0.9)
    assert boundaries(talk) == [0]
    assert chapters(talk, ["garden", "budget"]) == []
    assert boundaries([]) == []
    assert chapters([], ["garden"]) == []


def test_stretches_are_not_too_short() -> None:
    """Subjects that change every minute do not give a heading for each."""
    talk = said(*[GARDEN, BUDGET, HIRING] * 8, minutes=1)
    starts = boundaries(talk)
    assert all(
        later - earlier >= LEAST_S
        for earlier, later in zip([talk[at].at for at in starts], [talk[at].at for at in starts[1:]], strict=False)
    )


def test_a_stretch_without_a_topic_continues_the_one_before() -> None:
    """Without topics there are no headings; equal neighbours are one stretch."""
    assert [one.heading for one in chapters(said(GARDEN, BUDGET), [])] == [""]
    assert [one.heading for one in chapters(said(GARDEN, BUDGET), ["garden"])] == ["Garden", ""]
