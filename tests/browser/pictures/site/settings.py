"""Parley's settings with the app of the pictures."""

from config.settings import *  # noqa: F403
from config.settings import APPS, INSTALLED_APPS

APPS = [*APPS, "tests.browser.pictures.site"]
INSTALLED_APPS = [*INSTALLED_APPS, "tests.browser.pictures.site"]
