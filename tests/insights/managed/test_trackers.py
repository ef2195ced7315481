"""An account's trackers: rules, limits, scope."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import User

from insights import managed
from insights.analysis.managed_trackers import managed_trackers
from insights.managed import TrackerFields, locks, trackers
from insights.models import AccountTracker

COVID = TrackerFields("COVID-19", ("social distancing", "cover your face with mask", "vaccination"))


def test_trackers_of_an_account_are_its_own_and_the_managed_ones(owner: User, other_owner: User) -> None:
    """Conversations use both; one of the account's own replaces the managed one of the same name; other accounts see neither."""
    built_in = {one.tracker.name for one in managed_trackers()}
    managed.create_trackers(owner.pk, [COVID, TrackerFields("Pricing", ("our price",))])
    used = managed.trackers_of(owner.pk)
    assert {one.name for one in used} == built_in | {"COVID-19"}
    assert [one.vocabulary for one in used if one.name == "Pricing"] == [("our price",)]
    assert {one.name for one in managed.trackers_of(other_owner.pk)} == built_in


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (replace(COVID, name=" "), "name: must have at least one visible character"),
        (replace(COVID, name="x" * 257), "name: may have at most 256 characters, not 257"),
        (replace(COVID, vocabulary=()), "vocabulary: must have 1 to 50 items, not 0"),
        (replace(COVID, vocabulary=[f"phrase {n}" for n in range(51)]), "vocabulary: must have 1 to 50 items, not 51"),
        (replace(COVID, vocabulary=("one", "one")), r"vocabulary\[1\]: is the same as vocabulary\[0\]; each must be different"),
        (replace(COVID, vocabulary=("what?",)), r"vocabulary\[0\]: only letters, digits, spaces and the characters \. ' - are allowed"),
        (replace(COVID, vocabulary=("a", "- .")), r"vocabulary\[1\]: must have at least one letter or digit"),
        (replace(COVID, vocabulary=("a\x00b",)), ""),
        (replace(COVID, description="x" * 1001), "description: may have at most 1000 characters"),
        (replace(COVID, categories=["a", "a"]), r"categories\[1\]: is the same"),
    ],
)
def test_rules(owner: User, fields: TrackerFields, message: str) -> None:
    """An invalid field is named with what is allowed, and nothing is stored; characters that cannot be stored are removed."""
    if not message:
        (row,) = managed.create_trackers(owner.pk, [fields])
        assert row.vocabulary == ["ab"]
        return
    with pytest.raises(managed.Invalid, match=message):
        managed.create_trackers(owner.pk, [fields])
    assert not AccountTracker.objects.exists()


@pytest.mark.parametrize("phrases", [("one phrase",), ("it's well-known", "Dr. No", "naïve façade", "नमस्ते दुनिया")])
def test_allowed_phrases(owner: User, phrases: tuple[str, ...]) -> None:
    """One phrase is enough; periods, apostrophes, hyphens and letters of every script are allowed."""
    (row,) = managed.create_trackers(owner.pk, [TrackerFields("T", phrases)])
    row.refresh_from_db()
    assert tuple(row.vocabulary) == phrases


def test_names_are_unique_and_case_sensitive(owner: User, other_owner: User) -> None:
    """The same name in another case, or of another account, is another tracker."""
    managed.create_trackers(owner.pk, [COVID])
    managed.create_trackers(owner.pk, [replace(COVID, name="Covid-19")])
    managed.create_trackers(other_owner.pk, [COVID])
    with pytest.raises(managed.Taken, match="COVID-19"):
        managed.create_trackers(owner.pk, [replace(COVID, name="Other"), COVID])
    with pytest.raises(managed.Taken):
        managed.create_trackers(owner.pk, [replace(COVID, name="Twin"), replace(COVID, name="Twin")])
    assert AccountTracker.objects.count() == 3


def test_an_account_has_at_most_500(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit counts all trackers of the account; a bulk that exceeds it stores nothing."""
    assert trackers.MOST == 500
    monkeypatch.setattr(trackers, "MOST", 2)
    managed.create_trackers(owner.pk, [COVID])
    with pytest.raises(managed.TooMany, match="at most 2 trackers"):
        managed.create_trackers(owner.pk, [TrackerFields("A", ("a",)), TrackerFields("B", ("b",))])
    assert AccountTracker.objects.count() == 1


def test_change_and_delete(owner: User, other_owner: User) -> None:
    """A tracker keeps its id; a name that is taken, another account's tracker and an unknown id are refused."""
    first, second = managed.create_trackers(owner.pk, [COVID, TrackerFields("B", ("b",))])
    changed = managed.change_tracker(owner.pk, str(first.id), lambda fields: replace(fields, name="Virus"))
    assert (changed.id, changed.name, changed.vocabulary) == (first.id, "Virus", list(COVID.vocabulary))
    with pytest.raises(managed.Taken):
        managed.change_tracker(owner.pk, str(second.id), lambda fields: replace(fields, name="Virus"))
    for account, identity in ((other_owner.pk, str(first.id)), (owner.pk, "1"), (owner.pk, "managed-pricing"), (owner.pk, "9" * 30)):
        with pytest.raises(managed.Unknown):
            managed.change_tracker(account, identity, lambda fields: fields)
        with pytest.raises(managed.Unknown):
            managed.delete_tracker(account, identity)
    managed.delete_tracker(owner.pk, str(first.id))
    assert [row.name for row in managed.trackers_in(owner.pk)] == ["B"]


def test_one_write_at_a_time(owner: User, other_owner: User) -> None:
    """While one request creates or changes trackers, another one of the same account is refused."""
    with locks.one_at_a_time(owner.pk):
        with pytest.raises(managed.Busy):
            managed.create_trackers(owner.pk, [COVID])
        managed.create_trackers(other_owner.pk, [COVID])
    managed.create_trackers(owner.pk, [COVID])
