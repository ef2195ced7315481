"""Parley's settings plus the benchmark's streams."""

from config.settings import *  # noqa: F403
from config.settings import APPS, INSTALLED_APPS

APPS = [*APPS, "tests.bench.site"]
INSTALLED_APPS = [*INSTALLED_APPS, "tests.bench.site"]
