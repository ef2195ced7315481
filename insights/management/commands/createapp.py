"""`manage.py createapp`: create an app, and the account that it acts for if that does not exist."""

import json
from argparse import ArgumentParser
from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from insights import access
from insights.management.create_tables import create_missing_tables
from insights.management.email_option import address_of

MOST_DAYS = 36_500


class Command(BaseCommand):
    """Create an app and print its id and secret. The secret cannot be shown again."""

    help = "Create an app: an appId and an appSecret that a program exchanges for access tokens."
    requires_system_checks = ()  # they import the whole server, which this command does not need

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--email", required=True, help="Account that the app acts for. It is created if it does not exist.")
        parser.add_argument("--name", default="app", help="Name of the app.")
        parser.add_argument("--scopes", default=",".join(access.SCOPES), help="What it may do, separated by commas. Default: everything.")
        parser.add_argument("--days", type=int, default=0, help="Days after which it expires. 0: never.")
        parser.add_argument("--json", action="store_true", help="Print one line of JSON.")

    def handle(self, *args: object, email: str, name: str, scopes: str, days: int, json: bool, **options: object) -> None:
        """Make the app. A new account has no password; `createadmin` or the admin sets one."""
        address = address_of(email)
        if not name.strip():
            raise CommandError("--name may not be empty")
        allowed = frozenset(scope.strip() for scope in scopes.split(",") if scope.strip())
        if not allowed or not allowed <= access.EVERY_SCOPE:
            raise CommandError(f"--scopes {scopes!r}: allowed are {', '.join(access.SCOPES)}")
        if not 0 <= days <= MOST_DAYS:
            raise CommandError(f"--days {days}: allowed are 0 to {MOST_DAYS}")
        create_missing_tables()
        expires_at = timezone.now() + timedelta(days=days) if days else None
        app, secret = access.create_app(access.account_for(address), name.strip(), allowed, expires_at)
        self.stdout.write(_as_json(app.app_id, secret) if json else f"appId      {app.app_id}\nappSecret  {secret}")


def _as_json(app_id: str, secret: str) -> str:
    return json.dumps({"appId": app_id, "appSecret": secret})
