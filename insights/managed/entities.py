"""The custom entities of an account."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from insights.analysis.custom_entities import CustomEntity
from insights.database import write_transaction
from insights.ids import id_number
from insights.managed import checks
from insights.managed.errors import Invalid, Taken, TooMany, Unknown
from insights.managed.locks import account_locked
from insights.models import AccountEntity

MOST = 500
"""Entities of one account."""
MOST_VALUES = 1000
"""Values of one entity."""
MOST_TOGETHER = 25_000
"""Values of all entities of one account together, which bounds the memory and time of each of its conversations."""


@dataclass(frozen=True, slots=True)
class EntityFields:
    """What an account may set of an entity."""

    type: str
    sub_type: str
    values: Sequence[str]
    category: str = "Custom"


def entities_of(owner_id: int) -> tuple[CustomEntity, ...]:
    """Return the custom entities that conversations of an account detect. One query."""
    rows = AccountEntity.objects.filter(owner_id=owner_id).order_by("created_at", "id")
    return tuple(
        CustomEntity(kind, tuple(values), sub_type, category)
        for kind, values, sub_type, category in rows.values_list("type", "values", "sub_type", "category")
    )


def entities_in(owner_id: int, sub_type: str | None = None) -> QuerySet[AccountEntity]:
    """Return the account's entities, oldest first, or those of one subtype (case-sensitive)."""
    found = AccountEntity.objects.filter(owner_id=owner_id).order_by("created_at", "id")
    if sub_type is None:
        return found
    return found.none() if "\x00" in sub_type else found.filter(sub_type=sub_type)


def entity(owner_id: int, identity: str) -> AccountEntity:
    """Return one of the account's entities. Raises Unknown."""
    found = AccountEntity.objects.filter(owner_id=owner_id, id=id_number(identity)).first()
    if found is None:
        raise Unknown
    return found


def create_entities(owner_id: int, wanted: Sequence[EntityFields]) -> list[AccountEntity]:
    """Create all of these entities or none. Raises Invalid, Taken and TooMany."""
    checked = [_checked(fields, f"[{place}]." if len(wanted) > 1 else "") for place, fields in enumerate(wanted)]
    keys = [(fields.type, fields.sub_type) for fields in checked]
    if len(set(keys)) < len(keys):
        raise Taken("subType: two of the entities have the same type and subType; give each pair once, with all of its values")
    with account_locked(owner_id):
        counts = _counts(owner_id)
        known = {key for key, _ in counts.values()}
        if taken := known & set(keys):
            raise _taken(*sorted(taken)[0])
        if len(known) + len(checked) > MOST:
            raise TooMany(f"an account may have at most {MOST} entities; delete some first")
        _check_together(sum(count for _, count in counts.values()) + sum(len(fields.values) for fields in checked))
        return AccountEntity.objects.bulk_create([_filled(AccountEntity(owner_id=owner_id), fields) for fields in checked])


def change_entity(owner_id: int, identity: str, fields: EntityFields) -> AccountEntity:
    """Replace an entity's fields. Raises Unknown, Invalid and Taken."""
    checked = _checked(fields)
    with account_locked(owner_id):
        row = entity(owner_id, identity)
        others = {key: value for key, value in _counts(owner_id).items() if key != row.id}
        if (checked.type, checked.sub_type) in {key for key, _ in others.values()}:
            raise _taken(checked.type, checked.sub_type)
        _check_together(sum(count for _, count in others.values()) + len(checked.values))
        _filled(row, checked).save()
        return row


def delete_entity(owner_id: int, identity: str) -> None:
    """Delete an entity; what it found before stays. Raises Unknown."""
    with write_transaction():
        deleted, _ = AccountEntity.objects.filter(owner_id=owner_id, id=id_number(identity)).delete()
    if not deleted:
        raise Unknown


def delete_entities_of_sub_type(owner_id: int, sub_type: str) -> list[str]:
    """Delete the entities of a subtype and return their ids. Raises Unknown if there is none."""
    with account_locked(owner_id):
        found = [row.id for row in entities_in(owner_id, sub_type).only("id")]
        AccountEntity.objects.filter(id__in=found).delete()
    if not found:
        raise Unknown
    return [str(identity) for identity in found]


def _checked(fields: EntityFields, prefix: str = "") -> EntityFields:
    try:
        return EntityFields(
            type=checks.text("type", fields.type),
            sub_type=checks.text("subType", fields.sub_type),
            values=checks.texts("values", fields.values, 1, MOST_VALUES),
            category=checks.text("category", fields.category),
        )
    except Invalid as error:
        raise Invalid(f"{prefix}{error}") from None


def _counts(owner_id: int) -> dict[int, tuple[tuple[str, str], int]]:
    """Return ((type, subtype), number of values) of each entity of an account by its id. One query."""
    rows = AccountEntity.objects.filter(owner_id=owner_id).order_by().values_list("id", "type", "sub_type", "values")
    return {identity: ((kind, sub_type), len(values)) for identity, kind, sub_type, values in rows}


def _check_together(values: int) -> None:
    if values > MOST_TOGETHER:
        raise TooMany(f"values: all entities of an account may have at most {MOST_TOGETHER} values together; delete some first")


def _filled(row: AccountEntity, fields: EntityFields) -> AccountEntity:
    row.type, row.sub_type, row.category, row.values = fields.type, fields.sub_type, fields.category, list(fields.values)
    return row


def _taken(kind: str, sub_type: str) -> Taken:
    return Taken(f"subType: an entity with type {kind!r} and subType {sub_type!r} exists already; change it instead")
