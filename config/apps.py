"""Registers the package with Django, so that Django finds its management commands."""

from django.apps import AppConfig


class ServerConfig(AppConfig):
    """The commands `serve`, `setuplink` and `demo`."""

    name = "config"
