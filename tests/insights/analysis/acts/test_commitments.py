"""Commitments: assignee, phrase and due date."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis.acts.commitments import Commitment, commitment
from insights.analysis.entities import extract
from tests.insights.analysis.talk import BOB, JANE, NOW


def _of(text: str) -> Commitment:
    return commitment(text, extract(text, NOW, 0, (JANE, BOB)), NOW, 0)


@pytest.mark.parametrize(
    ("text", "role", "names"),
    [
        ("I'll order the toner.", "SPEAKER", ()),
        ("Leave the catering to me, I am going to call them.", "SPEAKER", ()),
        ("Give me a day.", "SPEAKER", ()),
        ("We need to replace the filter.", "WE", ()),
        ("Let's move it to Monday.", "WE", ()),
        ("Can you book a room?", "ADDRESSEE", ()),
        ("Send the invoice to accounting.", "ADDRESSEE", ()),
        ("Don't forget the keys.", "ADDRESSEE", ()),
        ("Jane will look into it.", "NAMED", ("Jane",)),
        ("Marco and Lena have to sign it.", "NAMED", ("Marco", "Lena")),
        ("Ask Viktor to restart the server.", "NAMED", ("Viktor",)),
        ("The design team will draw new icons.", "NAMED", ("The design team",)),
        ("Lucy is responsible for the seating plan.", "NAMED", ("Lucy",)),
        ("The sky is blue.", "NOBODY", ()),
    ],
)
def test_assignee(text: str, role: str, names: tuple[str, ...]) -> None:
    """The assignee is a role or names."""
    found = _of(text)
    assert (found.role, found.names) == (role, names)


@pytest.mark.parametrize(
    ("text", "due", "said_as"),
    [
        ("I'll do it by Friday.", datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC), "Friday"),
        ("I'll do it by Friday at noon.", datetime(2026, 11, 20, 12, tzinfo=UTC), "Friday at noon"),
        ("Tomorrow I'll write what has to be done by next Monday.", datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC), "next Monday"),
        ("We will ship it next week.", datetime(2026, 11, 27, 23, 59, 59, tzinfo=UTC), "next week"),
        ("I'll send it in two days.", datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC), "two days"),
        ("I'll send it in two hours.", NOW + timedelta(hours=2), "two hours"),
        ("I need to check what came in yesterday.", None, ""),
        ("We must fix it before the audit.", None, "before the audit"),
        ("I'll fix it.", None, ""),
    ],
)
def test_due(text: str, due: datetime | None, said_as: str) -> None:
    """The due date is what follows 'by', else the first future time; past times never count; events without a date keep their words."""
    found = _of(text)
    assert (found.due, found.due_text) == (due, said_as)


@pytest.mark.parametrize(
    ("text", "definitive"),
    [
        ("I will send it.", True),
        ("Please send it.", True),
        ("Send it today.", True),
        ("Maybe I will send it.", False),
        ("I might send it.", False),
        ("It was sent.", False),
    ],
)
def test_certainty(text: str, definitive: bool) -> None:
    """Hedged tasks are not definitive."""
    assert _of(text).definitive is definitive


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Jane will send the quote to the client by Friday.", "send the quote to the client"),
        ("Could you please check the contract?", "check the contract"),
        ("Don't forget to charge the batteries.", "charge the batteries"),
        ("Book a table for eight.", "Book a table for eight"),
        ("It rains.", ""),
    ],
)
def test_phrase(text: str, phrase: str) -> None:
    """The action phrase leaves out assignee and date."""
    assert _of(text).action_phrase == phrase


def test_typographic_apostrophes() -> None:
    """Typed notes may have curly apostrophes, and the action phrase keeps them."""
    for text in ("I'll pay Jane's invoice by Friday.", "Don't forget to bring Jane's keys.", "We're going to print Jane's slides."):
        straight, curly = _of(text), _of(text.replace("'", "’"))
        assert (curly.role, curly.due, curly.definitive) == (straight.role, straight.due, straight.definitive)
        assert curly.action_phrase == straight.action_phrase.replace("'", "’") != ""


@given(
    st.text(max_size=100)
    | st.lists(
        st.sampled_from(
            ["I'll", "you", "we", "will", "please", "by", "friday", "in two weeks", "Jane", "and", "let's", ",", ".", "send it"]
        ),
        max_size=14,
    ).map(" ".join)
)
def test_any_text(text: str) -> None:
    """No text raises an error, a due date is aware, and the phrase is part of the text."""
    found = _of(text)
    assert found.due is None or found.due.tzinfo is not None
    assert found.action_phrase in text
