#!/usr/bin/env python
"""The command line of Parley: `python manage.py help` lists what it can do."""

import os
import sys


def main() -> None:
    """Run the management command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    if sys.argv[1:] in (["version"], ["--version"]):  # Django would print its own version
        from config.management.commands.version import version_line

        print(version_line())
        return
    try:
        from config.data_dir import prepare

        prepare()
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, OperationalError) as error:  # says what is wrong; forty lines of Django above it would hide that
        if "--traceback" in sys.argv:
            raise
        sys.exit(f"Parley cannot {'use its database' if isinstance(error, OperationalError) else 'start'}: {str(error).strip()}")


if __name__ == "__main__":
    main()
