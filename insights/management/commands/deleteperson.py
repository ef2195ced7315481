"""`manage.py deleteperson`: delete everything of one person, on their request."""

from argparse import ArgumentParser

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from insights import access, persons


class Command(BaseCommand):
    """Delete the account of a person, and what they said in conversations of other accounts."""

    help = "Delete the account with this e-mail address and everything that it has, and what its person said in conversations of others."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--email", required=True, help="The person's e-mail address.")
        parser.add_argument("--account", default="", help="Delete only what the person said in conversations of this account.")
        parser.add_argument("--yes", action="store_true", help="Do not ask for confirmation.")

    def handle(self, *args: object, email: str, account: str, yes: bool, **options: object) -> None:
        """Ask, delete, and print how much was deleted."""
        address = email.strip()
        if not address:
            raise CommandError("--email may not be empty")
        owner = self._account(account.strip().lower()) if account else None
        person = access.account_called(address.lower()) if owner is None else None
        if not yes and input(f"Delete everything of {address} for good? Type yes: ").strip() != "yes":
            raise CommandError("nothing was deleted")
        deleted = 0
        if person is not None:
            try:
                deleted = persons.delete_account(person, None)
            except persons.NotFinished as error:
                raise CommandError(str(error)) from None
        words = persons.delete_words(owner, email=address, by=None)
        if owner is None:
            self.stdout.write(f"Account: {'deleted' if person else 'none'}, with {deleted} conversations.")
        self.stdout.write(f"Words in other conversations: {words.messages} messages in {words.conversations} conversations deleted.")
        self.stdout.write(f"Voice profiles of the person: {words.profiles} deleted.")

    def _account(self, address: str) -> User:
        found = access.account_called(address)
        if found is None:
            raise CommandError(f"--account {address!r}: there is no such account")
        return found
