"""Every HTTP route of the site, wing by wing; then those of the installation's own apps, which cannot hide ours."""

from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("insights.urls")),
    path("", include("streaming.urls")),
    *(path("", include(f"{app}.urls")) for app in settings.APPS if find_spec(f"{app}.urls")),
]
