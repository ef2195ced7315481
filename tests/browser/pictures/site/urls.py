"""Addresses that fail, so that the error pages can be seen."""

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.urls import path

_CAUSES = {400: SuspiciousOperation, 403: PermissionDenied, 500: RuntimeError}


def fail(request: HttpRequest, status: int) -> HttpResponse:
    """Raise what leads to a status."""
    raise _CAUSES[status]("for a picture of the error page")


urlpatterns = [path("failing/<int:status>/", fail)]
