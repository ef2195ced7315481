"""`manage.py createadmin`: create an administrator, or make an existing account one."""

import getpass
import sys
from argparse import ArgumentParser

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from insights import access
from insights.management.create_tables import create_missing_tables
from insights.management.email_option import address_of
from insights.names import clean_name


class Command(BaseCommand):
    """Create an administrator. The password comes from a prompt or the first line of standard input, never from the command line."""

    help = "Create an administrator, or make an existing account one. It keeps its password if it has one."
    requires_system_checks = ()  # they import the whole server, which this command does not need

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--email", required=True, help="The e-mail address of the account.")
        parser.add_argument("--name", default="", help="The person's name.")
        parser.add_argument("--new-password", action="store_true", help="Set a new password, even where the account has one.")

    def handle(self, *args: object, email: str, name: str, new_password: bool, **options: object) -> None:
        """Create or change the account."""
        address = address_of(email)
        if len(name) > 150:
            raise CommandError("--name has more than 150 characters")
        create_missing_tables()
        user = access.find_or_new_account(address)
        user.first_name = clean_name(name, 150) or user.first_name
        keeps_password = bool(user.pk) and user.password != "" and user.has_usable_password() and not new_password
        existed = user.pk is not None
        access.make_administrator(user, None if keeps_password else _password(user))
        what = "is an administrator now" if existed else "is created as an administrator"
        self.stdout.write(f"The account {address} {what}{'; its password is unchanged' if keeps_password else ''}.")


def _password(user: User) -> str:
    """Ask for the password twice, or read it from standard input if that is not a terminal."""
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if getpass.getpass("Confirm password: ") != password:
            raise CommandError("the two passwords are not the same")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise CommandError("no password: pass it as the first line of standard input")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from None
    return password
