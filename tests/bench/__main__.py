"""Run the benchmarks: `python -m tests.bench`, or `make bench`."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from tests.bench.command import Command  # noqa: E402 - needs the settings

Command().run_from_argv(["python -m", "tests.bench", *sys.argv[1:]])
