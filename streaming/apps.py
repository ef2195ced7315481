"""Registers the streaming wing with Django."""

from django.apps import AppConfig


class StreamingConfig(AppConfig):
    """Live sessions."""

    name = "streaming"
    verbose_name = "Streaming"
