"""The way into the admin: through the portal's sign-in, where guessing is limited; the admin's own form is shown to nobody."""

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def door(request: HttpRequest, extra_context: object = None) -> HttpResponse:
    """Send staff where they wanted to go, strangers to sign in first; whoever is signed in and no staff is refused."""
    wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
    if not url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        wanted = reverse("admin:index")
    if not request.user.is_authenticated:
        return redirect_to_login(wanted)
    if not (request.user.is_staff and request.user.is_active):
        raise PermissionDenied
    return redirect(wanted)
