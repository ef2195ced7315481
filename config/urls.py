"""The HTTP routes of the installation's own apps, then those of the site: an app's own `/outputs` or `/` comes first."""

from collections.abc import Iterable
from importlib import import_module

from django.conf import settings
from django.contrib import admin
from django.urls import URLResolver, include, path
from django.utils.module_loading import module_has_submodule

from config import error_handlers


def of_apps(apps: Iterable[str]) -> list[URLResolver]:
    """Return the routes of the apps that have a `urls` module."""
    return [path("", include(f"{app}.urls")) for app in apps if module_has_submodule(import_module(app), "urls")]


urlpatterns = [
    *of_apps(settings.APPS),
    path("admin/", admin.site.urls),
    path("", include("insights.urls")),
    path("", include("streaming.urls")),
]
handler400, handler404, handler500 = error_handlers.bad_request, error_handlers.not_found, error_handlers.server_error
