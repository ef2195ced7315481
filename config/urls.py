"""Every HTTP route of the site, wing by wing; then those of the installation's own apps, each below its name."""

from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("insights.urls")),
    path("", include("streaming.urls")),
    *(path(f"{app.rpartition('.')[2]}/", include(f"{app}.urls")) for app in settings.APPS if find_spec(f"{app}.urls")),
]
