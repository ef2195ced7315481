"""Registers the streaming wing with Django."""

from django.apps import AppConfig


class StreamingConfig(AppConfig):
    """Live sessions."""

    name = "streaming"
    verbose_name = "Streaming"

    def ready(self) -> None:
        """Listen for what is stored outside of sessions."""
        from streaming.cluster import recorder_signals  # which needs the models, and those need all apps

        recorder_signals.connect()
