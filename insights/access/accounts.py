"""Accounts: administrators, and accounts that apps act for."""

from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from insights import managed
from insights.access.addresses import confirm_address
from insights.access.roles import ADMINISTRATOR, REVIEWER, accounts_with, check_not_last_administrator, grant_role
from insights.database import write_transaction
from insights.models import AccountSettings


def nobody_can_sign_in() -> bool:
    """Return whether no account has a password, as when only `createapp` created accounts."""
    return not User.objects.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).exclude(password="").exists()


def make_administrator(user: User, password: str | None = None) -> None:
    """Save an active account that is administrator and reviewer, with a new password if one is given, which ends its other sign-ins."""
    user.is_active = True
    if password is not None:
        user.set_password(password)
    user.save()
    for role in (ADMINISTRATOR, REVIEWER):
        grant_role(user, role)
    confirm_address(user)


def set_active(user: User, active: bool) -> None:
    """Deactivate or reactivate an account. Raises LastAdministrator."""
    with write_transaction():
        if not active:
            check_not_last_administrator(user)
        User.objects.filter(pk=user.pk).update(is_active=active)
        if not active:
            managed.pass_on_teams(user.pk)


def settings_of(user: User) -> AccountSettings:
    """Return the settings of an account, unsaved defaults if it has none."""
    return AccountSettings.objects.filter(user=user).first() or AccountSettings(user=user)


def account_for(address: str) -> User:
    """Return the account of an e-mail address; create it without a password if it does not exist."""
    user, made = User.objects.get_or_create(username=address, defaults={"email": address})
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


def account_with_id(user_id: int) -> User | None:
    """Return the account with an id."""
    return User.objects.filter(pk=user_id).first()


def account_called(username: str) -> User | None:
    """Return the account with a user name, active or not."""
    return User.objects.filter(username=username).first()


def accounts_matching(text: str) -> QuerySet[User]:
    """Return the accounts whose name or address contains a text, active ones first; all without a text."""
    accounts = User.objects.order_by("-is_active", "first_name", "username")
    if text := text.replace("\x00", "").strip()[:100]:  # PostgreSQL refuses NUL
        accounts = accounts.filter(Q(username__icontains=text) | Q(first_name__icontains=text) | Q(last_name__icontains=text))
    return accounts


def uses_single_sign_on(user: User) -> bool:
    """Return whether an account of the identity provider is connected to this account."""
    return bool(SocialAccount.objects.filter(user=user).exists())


def find_or_new_account(address: str) -> User:
    """Return the account of an e-mail address, or a new, unsaved one."""
    return User.objects.filter(username=address).first() or User(username=address, email=address)


def active_account(address: str = "") -> User | None:
    """Return the active account of an e-mail address. Without one: the first administrator, else the only account."""
    accounts = User.objects.filter(is_active=True).order_by("pk")
    if address:
        return accounts.filter(email=address).first()
    if (administrator := accounts_with(ADMINISTRATOR).first()) is not None:
        return administrator
    first_two = accounts[:2]
    return first_two[0] if len(first_two) == 1 else None
