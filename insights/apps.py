"""The Django application `insights`."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class InsightsConfig(AppConfig):
    """Configuration of `insights`."""

    name = "insights"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """Repair the search index after every migration."""
        from insights.models import search

        post_migrate.connect(search.repair, sender=self)
