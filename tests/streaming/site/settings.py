"""Parley's settings with one more app."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.streaming.site"]
ROOT_URLCONF = "tests.streaming.site.urls"
