"""Parley's settings with one more app, and one with its own views."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.streaming.manual"]
ROOT_URLCONF = "tests.streaming.manual.urls"
