"""Registers the switchboard with Django, for its commands."""

from django.apps import AppConfig


class SwitchboardConfig(AppConfig):
    """The commands that serve, show and measure the whole of Parley."""

    name = "config"
