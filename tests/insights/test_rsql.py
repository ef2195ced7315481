"""Filters of conversations in RSQL."""

import contextlib
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from insights.models import Conversation
from insights.queries import rsql
from insights.queries.rsql import Both, Comparison, Either, RsqlError


@pytest.fixture
def names(owner: User):  # type: ignore[no-untyped-def]
    """Return a function that returns the names of the conversations that match."""
    metadata: tuple[dict[str, object], ...] = ({"team": "sales", "agent.id": "7"}, {"team": "support"}, {}, {"team": "sales", "n": 5})
    for number, name in enumerate(("Stand-up", "O'Brien; review", "Plan", "Z")):
        started = datetime(2026, 3, number + 1, 9, 0, 0, 123456, tzinfo=UTC)
        Conversation.objects.create(
            id=10**15 + number, owner=owner, connection_id=f"r{number}", name=name, metadata=metadata[number], started_at=started
        )

    def matching(text: str) -> list[str]:
        return list(Conversation.objects.filter(rsql.condition(rsql.parse(text))).order_by("id").values_list("name", flat=True))

    return matching


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name==Plan", ["Plan"]),
        ("conversation.name==Plan", ["Plan"]),
        ('name=="O\'Brien; review"', ["O'Brien; review"]),
        ("name=='O\\'Brien; review'", ["O'Brien; review"]),
        ("name!=Plan", ["Stand-up", "O'Brien; review", "Z"]),
        ("name=in=(Plan, Z)", ["Plan", "Z"]),
        ("name=out=(Plan,Z)", ["Stand-up", "O'Brien; review"]),
        ("metadata.team==sales", ["Stand-up", "Z"]),
        ("metadata.team!=sales", ["O'Brien; review", "Plan"]),
        ("metadata.team=in=(sales,support)", ["Stand-up", "O'Brien; review", "Z"]),
        ("metadata.team=out=(sales)", ["O'Brien; review", "Plan"]),
        ("metadata.team=gt=sales", ["O'Brien; review"]),
        ("conversation.metadata.agent.id==7", ["Stand-up"]),
        ("metadata.n==5", ["Z"]),
        ("startTime==2026-03-02T09:00:00.123Z", ["O'Brien; review"]),
        ("startTime=ge=2026-03-03", ["Plan", "Z"]),
        ("startTime>2026-03-02;startTime<=2026-03-03T09:00:01+00:00", ["O'Brien; review", "Plan"]),
        ("endTime!=2026-03-02", ["Stand-up", "O'Brien; review", "Plan", "Z"]),
        ("type==meeting and name==Z", ["Z"]),
        ("name==Plan,name==Z", ["Plan", "Z"]),
        ("metadata.team==sales;(name==Z or name==Plan)", ["Z"]),
        ("id==1000000000000002", ["Plan"]),
    ],
)
def test_what_matches(names, text: str, found: list[str]) -> None:  # type: ignore[no-untyped-def]
    """Each operator compares fields, metadata and times."""
    assert names(text) == found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "ends too early"),
        ("name", "ends too early"),
        ("name==", "ends too early"),
        ("name=Plan", "character 5"),
        ("name=like=Plan", "expected an operator"),
        ("==Plan", "expected a field"),
        ("owner==1", "no such field"),
        ("metadata.==1", "no such field"),
        ("metadata.7==1", "digits only"),
        ("id==x", "id: must be the digits"),
        ("startTime=gt=yesterday", "ISO 8601"),
        ("startTime=gt=0001-01-01", "1900"),
        ("name=in=Plan", "expected a list"),
        ("name=in=(Plan", "not closed"),
        ("(name==Plan", "not closed"),
        ("name==Plan)", "expected `;`"),
        ("name=='Plan", "character 7"),
        ("(" * 30 + "name==Plan" + ")" * 30, "nested"),
        (";".join(["name==Plan"] * 21), "at most 20"),
        ("name==" + "x" * 2000, "at most 2000"),
        ("name==a\x00b", "NUL"),
    ],
)
def test_an_invalid_expression_says_what_is_wrong(text: str, problem: str) -> None:
    """The error says what is allowed."""
    with pytest.raises(RsqlError, match=problem):
        rsql.parse(text)


def test_a_list_allows_two_comparisons_without_or() -> None:
    """A list's filter has at most two comparisons, all of which must be true."""
    rsql.check_list_filter(rsql.parse("name==Plan;type==meeting"))
    for text, problem in (("name==Plan,type==meeting", "OR"), ("name==a;name==b;name==c", "at most 2")):
        with pytest.raises(RsqlError, match=problem):
            rsql.check_list_filter(rsql.parse(text))


def test_and_binds_tighter_than_or() -> None:
    """`a,b;c` is a or (b and c)."""
    a, b, c = (Comparison("name", "==", (name,)) for name in "abc")
    assert rsql.parse("name==a,name==b;name==c") == Either((a, Both((b, c))))


@given(st.text(alphabet="name=;,()'\"\\<>! inout7.metadata", max_size=40))
def test_any_text(text: str) -> None:
    """Any text is parsed or refused."""
    with contextlib.suppress(RsqlError):
        rsql.condition(rsql.parse(text))
