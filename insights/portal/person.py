"""The page of one account for administrators: roles, limits, access."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from insights import access, queries
from insights.access import devices, roles
from insights.access.roles import LastAdministrator
from insights.portal.administrators import for_administrators
from insights.portal.forms import LimitsForm, RolesForm
from insights.portal.people import USAGE_DAYS, reset_link
from insights.portal.signed_in import user_of
from insights.portal.template_context import TemplateContext

DONE = {
    "roles": gettext_lazy("Roles saved."),
    "limits": gettext_lazy("Limits saved."),
    "deactivated": gettext_lazy("Account deactivated. Everything that it had open has been closed."),
    "reactivated": gettext_lazy("Account reactivated."),
    "factors": gettext_lazy("Second factors removed. The password alone is enough to sign in until new ones are set up."),
    "devices": gettext_lazy("All devices have been signed out."),
}
LAST = gettext_lazy("This is the last active administrator. Make somebody else an administrator first.")


@require_GET
@for_administrators
def person(request: HttpRequest, user_id: int) -> HttpResponse:
    """Show an account, with a confirmation of the last action."""
    return _page(request, _account(user_id), done=DONE.get(request.GET.get("done", "")))


@require_POST
@for_administrators
def change_roles(request: HttpRequest, user_id: int) -> HttpResponse:
    """Give and take roles."""
    account, form = _account(user_id), RolesForm(request.POST)
    if not form.is_valid():
        return _page(request, account, 400, roles_form=form)
    chosen = set(form.cleaned_data["roles"])
    try:
        for role in (access.REVIEWER, access.ADMINISTRATOR):
            if role in chosen:
                roles.grant_role(account, role, user_of(request).pk)
            else:
                roles.revoke_role(account, role)
    except LastAdministrator:
        form.add_error("roles", LAST)
        return _page(request, account, 400, roles_form=form)
    return redirect(f"/people/{user_id}/?done=roles")


@require_POST
@for_administrators
def change_limits(request: HttpRequest, user_id: int) -> HttpResponse:
    """Change what the account may use."""
    account = _account(user_id)
    form = LimitsForm(request.POST, instance=access.settings_of(account))
    if not form.is_valid():
        return _page(request, account, 400, limits_form=form)
    form.save()
    return redirect(f"/people/{user_id}/?done=limits")


@require_POST
@for_administrators
def change_active(request: HttpRequest, user_id: int) -> HttpResponse:
    """Deactivate an account, which closes all that it has open, or reactivate it."""
    account = _account(user_id)
    active = request.POST.get("active") == "1"
    try:
        access.set_active(account, active)
    except LastAdministrator:
        return _page(request, account, 400, problem=LAST)
    return redirect(f"/people/{user_id}/?done={'reactivated' if active else 'deactivated'}")


@require_POST
@for_administrators
def remove_factors(request: HttpRequest, user_id: int) -> HttpResponse:
    """Remove the second factors of somebody who has lost them."""
    access.remove_second_factors(_account(user_id))
    return redirect(f"/people/{user_id}/?done=factors")


@require_POST
@for_administrators
def sign_out(request: HttpRequest, user_id: int) -> HttpResponse:
    """Sign an account out of all its devices."""
    devices.sign_out_other_devices(_account(user_id), "")
    return redirect(f"/people/{user_id}/?done=devices")


@require_POST
@for_administrators
def make_reset_link(request: HttpRequest, user_id: int) -> HttpResponse:
    """Show a link with which the person chooses a new password."""
    account = _account(user_id)
    return _page(request, account, link=reset_link(request, account))


def _account(user_id: int) -> User:
    account = access.account_with_id(user_id)
    if account is None:
        raise Http404
    return account


def _page(request: HttpRequest, account: User, status: int = 200, **parts: Any) -> HttpResponse:
    given = roles.roles_by_account([account])[account.pk] - {access.MEMBER}
    usage = queries.usage_since(timezone.now() - timedelta(days=USAGE_DAYS)).get(account.pk, queries.Usage())
    context: TemplateContext = {
        "account": account,
        "roles_form": RolesForm(initial={"roles": sorted(given)}),
        "limits_form": LimitsForm(instance=access.settings_of(account)),
        "usage": usage,
        "days": USAGE_DAYS,
        "has_factor": access.has_second_factor(account),
        "devices": devices.devices_of(account, ""),
    }
    return render(request, "portal/people/person.html", context | parts, status=status)
