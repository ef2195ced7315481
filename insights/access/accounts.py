"""Accounts: the first one, those that programs act for, and what an account may see."""

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection, transaction

from insights.models import Conversation
from insights.names import clean_name


class TooLate(Exception):
    """Somebody else made the first account in the meantime."""


def nobody_can_sign_in() -> bool:
    """Say whether this installation is empty: users that `createapp` made have no password and do not count."""
    return not User.objects.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).exclude(password="").exists()


def make_administrator(name: str, email: str, password: str) -> User:
    """Make the account, or raise `TooLate`; of two requests at the same moment one succeeds.

    SQLite's transactions are serial from their first statement here (see the settings); PostgreSQL's are not, so
    the table is locked against other writers until the end.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {User._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
        if not nobody_can_sign_in():
            raise TooLate
        user, _ = User.objects.get_or_create(username=email)
        user.email, user.first_name = email, clean_name(name, 150)
        user.is_staff = user.is_superuser = user.is_active = True
        user.set_password(password)
        user.save()
    return user


def account_for(address: str) -> User:
    """Return the account of an e-mail address, made without a password where there is none."""
    user, made = User.objects.get_or_create(username=address, defaults={"email": address})
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


def active_account(address: str = "") -> User | None:
    """Return the account of an e-mail address, or without one the first administrator's; None where there is none that may sign in."""
    accounts = User.objects.filter(is_active=True)
    return accounts.filter(email=address).first() if address else accounts.filter(is_superuser=True).order_by("pk").first()


def may_see(user: User | AnonymousUser | None, conversation: Conversation) -> bool:
    """Whether a user may read and join a conversation: its owner may. Staff read others' in the admin only."""
    return user is not None and user.is_authenticated and user.is_active and conversation.owner_id == user.pk
