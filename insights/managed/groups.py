"""The groups of conversations of an account."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from insights.database import write_transaction
from insights.ids import id_number
from insights.managed import checks
from insights.managed.errors import Invalid, TooMany, Unknown
from insights.managed.locks import account_locked
from insights.models import ConversationGroup
from insights.models.management import LONGEST_CRITERIA

MOST = 500
"""Groups of one account."""
LONGEST_NAME, LONGEST_DESCRIPTION = 128, 512


@dataclass(frozen=True, slots=True)
class GroupFields:
    """What an account may set of a group. The caller has checked that `criteria` is valid RSQL."""

    name: str
    criteria: str
    description: str = ""


def groups_in(owner_id: int) -> QuerySet[ConversationGroup]:
    """Return the account's groups, oldest first."""
    return ConversationGroup.objects.filter(owner_id=owner_id).order_by("created_at", "id")


def group(owner_id: int, identity: str) -> ConversationGroup:
    """Return one of the account's groups. Raises Unknown."""
    found = ConversationGroup.objects.filter(owner_id=owner_id, id=id_number(identity)).first()
    if found is None:
        raise Unknown
    return found


def create_groups(owner_id: int, wanted: Sequence[GroupFields]) -> list[ConversationGroup]:
    """Create all of these groups or none. Raises Invalid and TooMany."""
    checked = [_checked(fields, f"[{place}]." if len(wanted) > 1 else "") for place, fields in enumerate(wanted)]
    with account_locked(owner_id):
        if ConversationGroup.objects.filter(owner_id=owner_id).count() + len(checked) > MOST:
            raise TooMany(f"an account may have at most {MOST} groups; delete some first")
        return ConversationGroup.objects.bulk_create([_filled(ConversationGroup(owner_id=owner_id), fields) for fields in checked])


def change_group(owner_id: int, identity: str, fields: GroupFields) -> ConversationGroup:
    """Replace a group's fields. Raises Unknown and Invalid."""
    checked = _checked(fields)
    with account_locked(owner_id):
        row = _filled(group(owner_id, identity), checked)
        row.save()
        return row


def delete_group(owner_id: int, identity: str) -> None:
    """Delete a group; its conversations stay. Raises Unknown."""
    with write_transaction():
        deleted, _ = ConversationGroup.objects.filter(owner_id=owner_id, id=id_number(identity)).delete()
    if not deleted:
        raise Unknown


def _checked(fields: GroupFields, prefix: str = "") -> GroupFields:
    try:
        return GroupFields(
            name=checks.text("name", fields.name, LONGEST_NAME),
            criteria=checks.text("criteria", fields.criteria, LONGEST_CRITERIA),
            description=checks.optional_text("description", fields.description, LONGEST_DESCRIPTION),
        )
    except Invalid as error:
        raise Invalid(f"{prefix}{error}") from None


def _filled(row: ConversationGroup, fields: GroupFields) -> ConversationGroup:
    row.name, row.criteria, row.description = fields.name, fields.criteria, fields.description
    return row
