"""Assignees: from roles and names to members."""

from dataclasses import replace

import pytest

from insights.analysis.acts.commitments import Commitment, Role, assignee, member_named
from insights.analysis.types import Person
from tests.insights.analysis.talk import BOB, JANE, said

_EVE = Person("Eve Park", "eve@example.com")


def _task(role: Role, *names: str) -> Commitment:
    return Commitment(role, names, None, "", True, "")


def test_the_speaker() -> None:
    """'I' is the speaker, and no one if the speaker is unknown."""
    assert assignee(_task("SPEAKER"), said("I will.", BOB), [], ()) == Person("Bob Stone", "bob@example.com")
    assert assignee(_task("SPEAKER"), replace(said("I will."), speaker_name="", speaker_id=""), [], ()) is None


def test_the_addressee() -> None:
    """'You' is the other one of two members, else the last other speaker, else no one."""
    assert assignee(_task("ADDRESSEE"), said("Can you?", BOB), [], (JANE, BOB)) == JANE
    before = [said("Hm.", _EVE), said("So.", BOB)]
    found = assignee(_task("ADDRESSEE"), said("Can you?", BOB), before, (JANE, BOB, _EVE))
    assert found is not None
    assert found.user_id == "eve@example.com"
    assert assignee(_task("ADDRESSEE"), said("Can you?", BOB), [], (JANE, BOB, _EVE)) is None


@pytest.mark.parametrize("role", ["WE", "NOBODY"])
def test_everybody_is_no_assignee(role: Role) -> None:
    """'Everybody' gives no assignee."""
    assert assignee(_task(role), said("We must.", BOB), [], (JANE, BOB)) is None


def test_names() -> None:
    """A name gives the member with it; other names stay names."""
    assert assignee(_task("NAMED", "jane"), said("Jane must."), [], (JANE, BOB)) == JANE
    assert assignee(_task("NAMED", "Tim", "Ann"), said("Tim and Ann must."), [], (JANE, BOB)) == Person("Tim, Ann")


def test_ambiguous_names_give_no_member() -> None:
    """Full names match first, then first names, then last names; a name that two members share gives no member."""
    roe = Person("Jane Roe", "roe@example.com")
    assert member_named("Jane Doe", (JANE, roe)) == JANE
    assert member_named("Jane", (JANE, roe)) is None
    assert member_named("ROE", (JANE, roe)) == roe
    assert member_named("Smith", (JANE, roe)) is None
    zoe = Person("Zoë Ünal", "zoe@example.com")
    assert member_named("Zoe", (JANE, zoe)) == member_named("unal", (JANE, zoe)) == zoe
