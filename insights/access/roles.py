"""Roles of accounts: member (every account), reviewer, administrator.

The table `AccountRole` decides. Django's flags `is_staff` and `is_superuser` follow it, because Django's admin asks for them.
"""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.utils import timezone

from insights.database import write_transaction
from insights.models import AccountRole, Role

MEMBER, REVIEWER, ADMINISTRATOR = Role.MEMBER, Role.REVIEWER, Role.ADMINISTRATOR


class LastAdministrator(Exception):
    """Without this account the installation would have no administrator who can sign in."""


def roles_of(user: User | AnonymousUser | None) -> frozenset[Role]:
    """Return the roles of an active account; none for others. One query."""
    if user is None or not user.is_authenticated or not user.is_active:
        return frozenset()
    return frozenset({MEMBER, *(Role(role) for role in AccountRole.objects.filter(user=user).values_list("role", flat=True))})


def roles_by_account(users: Iterable[User]) -> dict[int, frozenset[Role]]:
    """Return the roles by account id, without regard to whether the account is active. One query for any number of accounts."""
    found: dict[int, set[Role]] = {user.pk: {MEMBER} for user in users}
    for user_id, role in AccountRole.objects.filter(user__in=found).values_list("user_id", "role"):
        found[user_id].add(Role(role))
    return {user_id: frozenset(roles) for user_id, roles in found.items()}


def has_role(user: User | AnonymousUser | None, role: Role) -> bool:
    """Return whether an active account has a role. One query."""
    return role in roles_of(user)


def is_reviewer(user_id: int) -> bool:
    """Return whether the account of an id is active and a reviewer. One query."""
    return accounts_with(REVIEWER).filter(pk=user_id).exists()


def accounts_with(role: Role) -> QuerySet[User]:
    """Return the active accounts with a stored role, oldest first."""
    return User.objects.filter(is_active=True, account_roles__role=role).order_by("pk")


def grant_role(user: User, role: Role, by: int | None = None) -> None:
    """Give an account a role. `by`: the id of the account that gives it, None for a command."""
    if role == MEMBER:
        return
    with write_transaction():
        AccountRole.objects.get_or_create(user=user, role=role, defaults={"granted_at": timezone.now(), "granted_by_id": by})
        _set_flags(user)


def revoke_role(user: User, role: Role) -> None:
    """Take a role from an account. Raises LastAdministrator, and ValueError for the role that every account has."""
    if role == MEMBER:
        raise ValueError("every account is a member: deactivate it instead")
    with write_transaction():
        if role == ADMINISTRATOR:
            check_not_last_administrator(user)
        AccountRole.objects.filter(user=user, role=role).delete()
        _set_flags(user)


def check_not_last_administrator(user: User) -> None:
    """Raise LastAdministrator if no other active account is an administrator. Two concurrent calls cannot both pass in transactions."""
    others = AccountRole.objects.select_for_update(of=("self",)).filter(role=ADMINISTRATOR, user__is_active=True)
    administrators = list(others.values_list("user_id", flat=True))
    if administrators == [user.pk]:
        raise LastAdministrator


def _set_flags(user: User) -> None:
    roles = set(AccountRole.objects.filter(user=user).values_list("role", flat=True))
    user.is_staff, user.is_superuser = bool(roles), ADMINISTRATOR in roles
    User.objects.filter(pk=user.pk).update(is_staff=user.is_staff, is_superuser=user.is_superuser)
