"""Registers the package with Django, so that Django finds its management commands."""

from django.apps import AppConfig

from config.data_dir import make_folder


class ServerConfig(AppConfig):
    """The management commands of the server, such as `serve`."""

    name = "config"

    def ready(self) -> None:
        """Make DATA_DIR, which the database may be in, also for scripts that only set Django up."""
        make_folder()
