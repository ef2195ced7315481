"""`manage.py createapp`: create an app, and the account that it acts for if that does not exist."""

import json
from argparse import ArgumentParser

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from insights import access
from insights.management.tables import create_missing_tables


class Command(BaseCommand):
    """Create an app and print its id and secret. The secret cannot be shown again."""

    help = "Create an app: an appId and an appSecret that a program exchanges for access tokens."
    requires_system_checks = ()  # they import the whole server, which this command does not need

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--email", required=True, help="Account that the app acts for. It is created if it does not exist.")
        parser.add_argument("--name", default="app", help="Name of the app.")
        parser.add_argument("--json", action="store_true", help="Print one line of JSON.")

    def handle(self, *args: object, email: str, name: str, json: bool, **options: object) -> None:
        """Make the app. A new account has no password; `createadmin` or the admin sets one."""
        address = email.strip().lower()
        try:
            validate_email(address)
        except ValidationError:
            raise CommandError(f"--email {email!r} is not an e-mail address") from None
        if len(address) > 150:
            raise CommandError("--email has more than 150 characters")
        if not name.strip():
            raise CommandError("--name may not be empty")
        create_missing_tables()
        app, secret = access.create_app(access.account_for(address), name.strip())
        self.stdout.write(_as_json(app.app_id, secret) if json else f"appId      {app.app_id}\nappSecret  {secret}")


def _as_json(app_id: str, secret: str) -> str:
    return json.dumps({"appId": app_id, "appSecret": secret})
