"""The trackers of an account."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from insights.analysis.managed_trackers import with_managed
from insights.analysis.trackers import Tracker
from insights.database import write_transaction
from insights.ids import id_number
from insights.managed import checks
from insights.managed.errors import Invalid, Taken, TooMany, Unknown
from insights.managed.locks import one_at_a_time
from insights.models import AccountTracker

MOST = 500
"""Trackers of one account."""
_LISTED = 50
"""Categories, and languages, of a tracker."""


@dataclass(frozen=True, slots=True)
class TrackerFields:
    """What an account may set of a tracker."""

    name: str
    vocabulary: Sequence[str]
    description: str = ""
    categories: Sequence[str] = ()
    languages: Sequence[str] = ("en-US",)


def trackers_of(owner_id: int) -> tuple[Tracker, ...]:
    """Return all trackers that conversations of an account may use: its own and the managed ones. One query.

    One of its own replaces the managed one with the same name.
    """
    rows = AccountTracker.objects.filter(owner_id=owner_id).order_by("created_at", "id")
    own = tuple(Tracker(name, tuple(phrases), str(identity)) for identity, name, phrases in rows.values_list("id", "name", "vocabulary"))
    return with_managed(own)


def trackers_in(owner_id: int, name: str | None = None) -> QuerySet[AccountTracker]:
    """Return the account's own trackers, oldest first, or the one with this name (case-sensitive)."""
    found = AccountTracker.objects.filter(owner_id=owner_id).order_by("created_at", "id")
    if name is None:
        return found
    return found.none() if "\x00" in name else found.filter(name=name)


def tracker(owner_id: int, identity: str) -> AccountTracker:
    """Return one of the account's own trackers. Raises Unknown."""
    found = AccountTracker.objects.filter(owner_id=owner_id, id=id_number(identity)).first()
    if found is None:
        raise Unknown
    return found


def create_trackers(owner_id: int, wanted: Sequence[TrackerFields]) -> list[AccountTracker]:
    """Create all of these trackers or none. Raises Invalid, Taken, TooMany and Busy."""
    checked = [_checked(fields, f"[{place}]." if len(wanted) > 1 else "") for place, fields in enumerate(wanted)]
    names = [fields.name for fields in checked]
    if len(set(names)) < len(names):
        raise Taken("name: two of the trackers have the same name; each must be different")
    with one_at_a_time(owner_id):
        own = AccountTracker.objects.filter(owner_id=owner_id)
        if taken := own.filter(name__in=names).values_list("name", flat=True).first():
            raise _taken(taken)
        if own.count() + len(checked) > MOST:
            raise TooMany(f"an account may have at most {MOST} trackers; delete some first")
        rows = [_filled(AccountTracker(owner_id=owner_id), fields) for fields in checked]
        return AccountTracker.objects.bulk_create(rows)


def change_tracker(owner_id: int, identity: str, change: Callable[[TrackerFields], TrackerFields]) -> AccountTracker:
    """Replace the fields of a tracker by what `change` returns for them. Raises Unknown, Invalid, Taken and Busy."""
    with one_at_a_time(owner_id):
        row = tracker(owner_id, identity)
        before = TrackerFields(row.name, row.vocabulary, row.description, row.categories, row.languages)
        fields = _checked(change(before))
        if AccountTracker.objects.filter(owner_id=owner_id, name=fields.name).exclude(id=row.id).exists():
            raise _taken(fields.name)
        _filled(row, fields).save()
        return row


def delete_tracker(owner_id: int, identity: str) -> None:
    """Delete one of the account's own trackers; what it found before stays. Raises Unknown."""
    with write_transaction():
        deleted, _ = AccountTracker.objects.filter(owner_id=owner_id, id=id_number(identity)).delete()
    if not deleted:
        raise Unknown


def _checked(fields: TrackerFields, prefix: str = "") -> TrackerFields:
    try:
        return TrackerFields(
            name=checks.text("name", fields.name),
            vocabulary=checks.phrases("vocabulary", fields.vocabulary),
            description=checks.optional_text("description", fields.description),
            categories=checks.texts("categories", fields.categories, 0, _LISTED),
            languages=checks.texts("languages", fields.languages, 0, _LISTED),
        )
    except Invalid as error:
        raise Invalid(f"{prefix}{error}") from None


def _filled(row: AccountTracker, fields: TrackerFields) -> AccountTracker:
    row.name, row.description = fields.name, fields.description
    row.vocabulary, row.categories, row.languages = list(fields.vocabulary), list(fields.categories), list(fields.languages)
    return row


def _taken(name: str) -> Taken:
    return Taken(f"name: a tracker with the name {name!r} exists already; change it or choose another name")
