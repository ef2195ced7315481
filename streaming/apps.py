"""The Django app configuration of `streaming`."""

from django.apps import AppConfig


class StreamingConfig(AppConfig):
    """Live sessions and streams."""

    name = "streaming"
    verbose_name = "Streaming"

    def ready(self) -> None:
        """Subscribe to the recorder's signals, which report what is stored outside of sessions."""
        from streaming.cluster import recorder_signals  # imported here because the models need all apps to be loaded

        recorder_signals.connect()
