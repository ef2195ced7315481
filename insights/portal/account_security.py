"""The security part of the account page: password, second factors, passkeys, signed-in devices, single sign-on."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from insights import access
from insights.access import devices
from insights.portal.account import part
from insights.portal.forms import NewPasswordForm
from insights.portal.signed_in import user_of
from insights.portal.template_context import TemplateContext

HERE = "/account/security/"
DONE = {
    "password": gettext_lazy("Password changed. Other devices have been signed out."),
    "device": gettext_lazy("Device signed out."),
    "devices": gettext_lazy("All other devices have been signed out."),
}


def page(request: HttpRequest, status: int = 200, **parts: Any) -> HttpResponse:
    """Return the part; `parts` replaces parts of it, such as a form with errors."""
    user = user_of(request)
    own = access.factors_of(user)
    context: TemplateContext = {
        "password": NewPasswordForm(user),
        "has_password": user.has_usable_password(),
        "app": next((one for one in own if one.type == Authenticator.Type.TOTP), None),
        "passkeys": [one for one in own if one.type == Authenticator.Type.WEBAUTHN],
        "has_codes": any(one.type == Authenticator.Type.RECOVERY_CODES for one in own),
        "codes_left": access.recovery_codes_left(own),
        "devices": devices.devices_of(user, request.session.session_key or ""),
        "single_sign_on": settings.OIDC_NAME if settings.OIDC_URL else "",
        "connected": bool(settings.OIDC_URL) and access.uses_single_sign_on(user),
    }
    return part(request, "security", context | parts, status)


@require_GET
@login_required
@never_cache
def security(request: HttpRequest) -> HttpResponse:
    """Show how the account signs in and where, with a confirmation of the last action."""
    return page(request, done=DONE.get(request.GET.get("done", "")))


@require_POST
@login_required
@sensitive_post_parameters()
def change_password(request: HttpRequest) -> HttpResponse:
    """Change the password after checking the current one. The account's other sign-ins end.

    The limits on failed attempts apply, so that the password cannot be guessed in a browser that was left signed in.
    """
    user = user_of(request)
    attempt = access.Attempt("password", str(user.pk), access.client_address(request))
    form = NewPasswordForm(user, request.POST)
    try:
        with access.password_check(attempt):
            if not form.is_valid():
                if form.has_error("old_password", "password_incorrect"):
                    attempt.failed()
                return page(request, 400, password=form)
    except access.TooManyTries as error:
        return page(request, 429, too_many=True, wait_minutes=error.wait_s // 60)
    update_session_auth_hash(request, form.save())
    return redirect(f"{HERE}?done=password")


@require_POST
@login_required
def sign_out_device(request: HttpRequest, device_id: int) -> HttpResponse:
    """End a sign-in of the account with all that it has open; 404 for any other."""
    if not devices.sign_out_device(user_of(request), device_id):
        raise Http404
    return redirect(f"{HERE}?done=device")


@require_POST
@login_required
def sign_out_others(request: HttpRequest) -> HttpResponse:
    """End all sign-ins of the account but this one."""
    devices.sign_out_other_devices(user_of(request), request.session.session_key or "")
    return redirect(f"{HERE}?done=devices")
