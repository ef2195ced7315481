"""The parts of the account page: what all of them share, and the profile."""

from zoneinfo import available_timezones

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from insights import access
from insights.portal.devices import TIME_ZONE
from insights.portal.forms import ProfileForm
from insights.portal.response_language import note_language
from insights.portal.signed_in import user_of
from insights.portal.template_context import TemplateContext

DONE = {"profile": gettext_lazy("Profile saved.")}


def part(request: HttpRequest, name: str, context: TemplateContext, status: int = 200) -> HttpResponse:
    """Return a part of the account page."""
    return render(request, f"portal/account/{name}.html", {"part": name, **context}, status=status)


def profile_page(request: HttpRequest, form: ProfileForm, status: int = 200, done: str | Promise | None = None) -> HttpResponse:
    """Return the profile with a form."""
    return part(request, "profile", {"form": form, "zones": sorted(available_timezones()), "done": done}, status)


@require_GET
@login_required
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """Show name, address, language and time zone, with a confirmation of the last action."""
    form = ProfileForm(user_of(request), instance=access.settings_of(user_of(request)))
    return profile_page(request, form, done=DONE.get(request.GET.get("done", "")))


@require_POST
@login_required
def change_profile(request: HttpRequest) -> HttpResponse:
    """Change name, language and time zone."""
    form = ProfileForm(user_of(request), request.POST, instance=access.settings_of(user_of(request)))
    if not form.is_valid():
        return profile_page(request, form, 400)
    saved = form.save()
    request.session[TIME_ZONE] = saved.time_zone
    note_language(request, saved.language)
    return redirect("/account/?done=profile")
