"""Every HTTP route of the site, wing by wing."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("insights.urls")),
    path("", include("streaming.urls")),
]
