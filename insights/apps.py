"""Registers the insights wing with Django."""

from django.apps import AppConfig


class InsightsConfig(AppConfig):
    """Stored conversations and what was found in them."""

    name = "insights"
    verbose_name = "Conversations"
