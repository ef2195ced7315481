"""Parley's settings with the streams that are measured."""

from config.settings import *  # noqa: F403
from config.settings import APPS, INSTALLED_APPS

APPS = [*APPS, "config.bench.site"]
INSTALLED_APPS = [*INSTALLED_APPS, "config.bench.site"]
