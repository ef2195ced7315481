"""Parley's settings with one more app."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.streaming.site"]
ROOT_URLCONF = "tests.streaming.site.urls"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast: the usual one takes 0.3 s of CPU for each password
