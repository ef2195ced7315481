"""`manage.py setuplink`: the link at which the first account of an installation is created."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from insights import access
from insights.management.create_tables import create_missing_tables
from insights.site_address import site_address


class Command(BaseCommand):
    """Prints a new link, valid for one day or until an account exists; earlier links stay valid for their own day."""

    help = "Print the link at which the first account is created."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--site", default="", help="Address of this server, such as https://talk.example.org (default: from the settings)."
        )

    def handle(self, *args: object, site: str, **options: object) -> None:
        """Print the link. Raises CommandError if an account exists or `--site` is not a URL."""
        if site and not site.startswith(("http://", "https://")):
            raise CommandError(f"--site {site!r}: an address that starts with http:// or https:// is needed")
        create_missing_tables()
        if not access.setup_is_open():
            raise CommandError("there is an account already; `manage.py createadmin --email ...` makes an administrator")
        self.stdout.write(access.setup_link(site or site_address(settings.PORT)))
