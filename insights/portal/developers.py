"""The developers part: apps and their secrets, and the way to streams and the API."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from insights import access
from insights.portal.account import part
from insights.portal.forms import AppForm
from insights.portal.signed_in import user_of

HERE = "/developers/"
DONE = {"saved": gettext_lazy("App saved."), "revoked": gettext_lazy("App revoked. Its secret and tokens no longer work.")}


def expiry_of(days: str) -> datetime | None:
    """Return the time of an expiry in this many days; None for "0", which is never."""
    return timezone.now() + timedelta(days=int(days)) if int(days or 0) else None


def page(request: HttpRequest, status: int = 200, **parts: Any) -> HttpResponse:
    """Return the part; `parts` replaces parts of it, such as a form with errors."""
    context = {"app": AppForm(), "apps": access.apps_of(user_of(request)), "now": timezone.now()}
    return part(request, "developers", context | parts, status)


@require_GET
@login_required
@never_cache
def developers(request: HttpRequest) -> HttpResponse:
    """Show the apps, with a confirmation of the last action."""
    return page(request, done=DONE.get(request.GET.get("done", "")))


@require_POST
@login_required
@never_cache
def make_app(request: HttpRequest) -> HttpResponse:
    """Create an app and show its secret, which is not stored and cannot be shown again."""
    form = AppForm(request.POST)
    if not form.is_valid():
        return page(request, 400, app=form)
    data = form.cleaned_data
    app, secret = access.create_app(user_of(request), data["app_name"], frozenset(data["scopes"]), expiry_of(data["days"]))
    return page(request, made=app, secret=secret)


@require_POST
@login_required
def revoke_app(request: HttpRequest, app_pk: int) -> HttpResponse:
    """Revoke one of the user's own apps at once; 404 for any other."""
    if not access.revoke_app(user_of(request), app_pk):
        raise Http404
    return redirect(f"{HERE}?done=revoked")
