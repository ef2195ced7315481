"""Registers the insights wing with Django."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class InsightsConfig(AppConfig):
    """Stored conversations and what was found in them."""

    name = "insights"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """Keep the search index whole after migrations."""
        from insights.models import search

        post_migrate.connect(search.repair, sender=self)
