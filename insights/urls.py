"""HTTP routes of `insights`: the pages, then the REST API."""

from django.urls import include, path

from insights.api.root import urlpatterns as api

urlpatterns = [
    path("", include("insights.portal.urls")),
    path("", api()),
]
