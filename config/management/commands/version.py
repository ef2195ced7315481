"""`manage.py version`: the version of Parley and of what it runs on."""

import platform

import django
from django.core.management.base import BaseCommand

from insights.version import parley_version


def version_line() -> str:
    """Return the versions in one line. Needs no settings."""
    return f"Parley {parley_version()} (Python {platform.python_version()}, Django {django.get_version()})"


class Command(BaseCommand):
    """Prints one line, to be quoted in a bug report."""

    help = "Print the versions of Parley, Python and Django."
    requires_system_checks = ()

    def handle(self, *args: object, **options: object) -> None:
        """Print the line. `manage.py` prints it itself, because Django answers `version` with its own."""
        self.stdout.write(version_line())
