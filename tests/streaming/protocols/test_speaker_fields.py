"""The further fields of `speaker`: up to 16 strings, numbers and booleans are kept; a warning names every other one."""

from typing import Any

import pytest

from insights.snapshots import MemberSnapshot
from streaming.protocols.symbl import Start, parse, user
from streaming.protocols.symbl.speaker import ATTRIBUTES
from tests.streaming.protocols.samples import start


def read(**fields: Any) -> Start:
    """Return the Start with Jane and these further fields."""
    parsed = parse(start(speaker={"name": "Jane", **fields}))
    assert isinstance(parsed, Start)
    return parsed


def test_strings_numbers_and_booleans_are_kept() -> None:
    """Values keep their type and their blanks; null is no value."""
    fields = {"peerId": "p-1", "seat": 3, "height": 1.75, "host": True, "muted": False, "note": " ", "empty": "", "none": None}
    start = read(**fields)
    del fields["none"]
    assert start.speaker is not None
    assert start.speaker.attributes == fields
    assert start.notices == ()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("id", "mine", "the server sets this name"),
        ("ID", "mine", "the server sets this name"),
        ("userid", "mine", "the server sets this name"),
        ("NAME", "mine", "the server sets this name"),
        ("address", {"city": "Graz"}, "a string, a number or a boolean"),
        ("roles", ["host"], "a string, a number or a boolean"),
        ("long", "x" * 257, "at most 256 characters"),
        ("big", 10**256, "at most 256 characters"),
        ("nul", "a\x00b", "cannot be stored"),
        ("half", "\ud800", "cannot be stored"),
        ("nul\x00name", "x", "cannot be stored"),
        ("", "x", "1 to 64 characters"),
        ("n" * 65, "x", "1 to 64 characters"),
    ],
)
def test_what_cannot_be_kept_gets_a_warning(name: str, value: object, says: str) -> None:
    """The start is accepted, the other fields are kept, and the warning says what is allowed."""
    start = read(**{name: value, "peerId": "p-1"})
    assert start.speaker is not None
    assert start.speaker.attributes == {"peerId": "p-1"}
    (notice,) = start.notices
    assert says in notice.text


def test_a_number_beyond_the_range_of_floats() -> None:
    """1e999 is Infinity for a parser, which JSON cannot repeat."""
    parsed = parse('{"type": "start_request", "speaker": {"name": "Jane", "seat": 1e999}}')
    assert isinstance(parsed, Start)
    assert parsed.speaker is not None
    assert parsed.speaker.attributes == {}
    assert [notice.field for notice in parsed.notices] == ["speaker.seat"]


def test_the_first_sixteen_are_kept() -> None:
    """The warning names the first field beyond the limit."""
    start = read(**{f"field{number}": number for number in range(ATTRIBUTES + 1)})
    assert start.speaker is not None
    assert list(start.speaker.attributes.values()) == list(range(ATTRIBUTES))
    assert [notice.field for notice in start.notices] == [f"speaker.field{ATTRIBUTES}"]


def test_a_speaker_without_an_identity() -> None:
    """Fields alone make no speaker: whom they describe would be unknown."""
    parsed = parse(start(speaker={"peerId": "p-1"}))
    assert isinstance(parsed, Start)
    assert parsed.speaker is None
    assert "userId" in parsed.notices[0].text


def test_they_never_replace_who_a_member_is() -> None:
    """`id`, `name` and `userId` are the server's, whatever the stored fields say."""
    member = MemberSnapshot("7", "Jane", "jane@example.com", "", {"peerId": "p-1", "id": "x", "name": "x", "userId": "x"})
    assert user(member) == {"peerId": "p-1", "id": "7", "name": "Jane", "userId": "jane@example.com"}
    assert MemberSnapshot.parse(member.dump()) == member
    assert "attributes" not in MemberSnapshot("7", "Jane").dump()
