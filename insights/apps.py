"""The Django application `insights`."""

from collections.abc import Iterable

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy

from insights import insight_kinds


class InsightsConfig(AppConfig):
    """Configuration of `insights`."""

    name = "insights"
    verbose_name = gettext_lazy("Conversations")

    def ready(self) -> None:
        """Register the kinds of jobs and the installation's own kinds of insights; repair the search index after every migration."""
        from insights import notifications
        from insights.jobs import (  # noqa: F401  # they register their handlers
            export,
            export_removal,
            import_ends,
            import_text,
            language_model,
            mail,
            retention,
            vectors,
        )
        from insights.models import search
        from insights.portal import allauth_adapters, devices
        from insights.webhooks import deliver, receivers  # noqa: F401  # deliver registers its handlers

        allauth_adapters.connect()
        devices.connect()
        import_ends.connect()
        export_removal.connect()
        mail.connect()
        notifications.connect()
        register_kinds(settings.INSIGHT_KINDS)
        receivers.connect()
        post_migrate.connect(search.repair, sender=self)


def register_kinds(paths: Iterable[str]) -> None:
    """Register the kinds that the setting INSIGHT_KINDS names by dotted path. Raises ImproperlyConfigured for one that is not usable."""
    added = []
    for path in paths:
        try:
            kind = import_string(path)
        except ImportError as error:
            raise ImproperlyConfigured(f"INSIGHT_KINDS={path!r}: it cannot be imported: {error}") from error
        if not isinstance(kind, insight_kinds.InsightKind):
            raise ImproperlyConfigured(f"INSIGHT_KINDS={path!r}: an InsightKind is needed, not {type(kind).__name__}")
        added.append(kind)
    try:
        insight_kinds.install(added)
    except insight_kinds.KindError as error:
        raise ImproperlyConfigured(f"INSIGHT_KINDS: {error}") from error
