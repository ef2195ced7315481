"""Registers the kinds of jobs of this app, as any app does."""

from django.apps import AppConfig


class SlowJobsConfig(AppConfig):
    """The app `tests.insights.jobs.site`."""

    name = "tests.insights.jobs.site"
    label = "slow_jobs"

    def ready(self) -> None:
        """Import the handlers, and take dead workers for dead soon, so that tests are short."""
        from insights.jobs import heartbeats
        from tests.insights.jobs.site import handlers  # noqa: F401

        heartbeats.STALE_S = 4.0
        heartbeats.heartbeats = heartbeats.Heartbeats(0.5)
