"""HTTP routes of the insights wing: the pages for people, then the REST API."""

from django.urls import include, path

urlpatterns = [
    path("", include("insights.portal.urls")),
]
