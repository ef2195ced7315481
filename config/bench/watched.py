"""`python -m config.bench.watched`: the very server of `manage.py serve`, which on SIGUSR1 says how many tasks it has."""

import asyncio
import os
import signal
import sys

from django.core.management import execute_from_command_line


def _say(*_: object) -> None:
    from twisted.internet import reactor

    sys.stdout.write(f"tasks {len(asyncio.all_tasks(reactor._asyncioEventloop))}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    signal.signal(signal.SIGUSR1, _say)
    execute_from_command_line(["manage.py", "serve"])
