"""The recording part of the account page: how long conversations are kept, and whether audio is stored."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from insights import access
from insights.portal.account import part
from insights.portal.forms import RetentionForm, SummaryPagesForm
from insights.portal.signed_in import user_of
from insights.portal.template_context import TemplateContext

HERE = "/account/recording/"
DONE = {"retention": gettext_lazy("Retention saved."), "summary-pages": gettext_lazy("Summary pages saved.")}


def page(request: HttpRequest, status: int = 200, **parts: Any) -> HttpResponse:
    """Return the part; `parts` replaces parts of it, such as a form with errors."""
    user = user_of(request)
    context: TemplateContext = {"installation_days": settings.KEEP_DAYS, **parts}
    stored = access.settings_of(user)
    context.setdefault("retention", RetentionForm(instance=stored))
    context.setdefault("summary_pages", SummaryPagesForm(instance=stored))
    return part(request, "recording", context, status)


@require_GET
@login_required
@never_cache
def recording(request: HttpRequest) -> HttpResponse:
    """Show the forms, with a confirmation of the last action."""
    return page(request, done=DONE.get(request.GET.get("done", "")))


@require_POST
@login_required
def change_retention(request: HttpRequest) -> HttpResponse:
    """Change how long the account's conversations are kept."""
    form = RetentionForm(request.POST, instance=access.settings_of(user_of(request)))
    if not form.is_valid():
        return page(request, 400, retention=form)
    form.save()
    return redirect(f"{HERE}?done=retention")


@require_POST
@login_required
def change_summary_pages(request: HttpRequest) -> HttpResponse:
    """Change whether the summary pages that the account's apps request are public."""
    form = SummaryPagesForm(request.POST, instance=access.settings_of(user_of(request)))
    if not form.is_valid():
        return page(request, 400, summary_pages=form)
    form.save()
    return redirect(f"{HERE}?done=summary-pages")
