"""The health of the installation, for administrators. `/readyz` is asked by the page's script, as each process answers for itself."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from insights import installation_health, queries
from insights.portal.administrators import for_administrators


@require_GET
@for_administrators
def health(request: HttpRequest) -> HttpResponse:
    """Show processes, workers, jobs, disk and versions."""
    context = {"checks": installation_health.checks(), "versions": installation_health.versions(), "live": queries.live_sessions()}
    return render(request, "portal/people/health.html", context)
