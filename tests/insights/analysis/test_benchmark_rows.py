"""The scorers call the code of the live path."""

from insights.analysis import analyse, assign, detect, extract
from tests.insights.analysis.talk import said


def _row(text: str, index: int = 0, conversation: str = "c") -> dict[str, object]:
    return {"conversation": conversation, "index": index, "speaker": "A", "text": text}


def test_detect_is_the_live_code() -> None:
    """The same message gets the same confidence."""
    text = "Could you send the report by Friday?"
    live = {finding.type: finding.confidence for finding in analyse(said(text), [], ()).findings}
    scored = detect([_row(text)])[0]
    assert live.items() <= scored.items()
    assert vars(detect)["wants_messages"] is True


def test_detect_never_looks_ahead_or_across() -> None:
    """Later messages and other conversations change no confidence."""
    first = [_row("who will do it", 0), _row("I can", 1)]
    alone = detect(first)
    assert detect([*first, _row("send it to me", 2)])[:2] == alone
    assert detect([_row("please hurry up", 0, "other"), *first])[1:] == alone


def test_extract_and_assign() -> None:
    """Spans have types, and assignees and dates as said."""
    text = "Priya will send it by Friday."
    assert extract([text]) == [[(0, 5, "person"), (22, 28, "date")]]
    assert assign(text) == {"assignee": "Priya", "due": "Friday"}
    assert assign("I'll do it.") == {"assignee": "SPEAKER", "due": ""}
    assert assign("It rains.") == {"assignee": "", "due": ""}
