"""Sign-in to the admin through the portal's page, which limits failed attempts. The admin's own form is not used."""

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def redirect_to_signin(request: HttpRequest, extra_context: object = None) -> HttpResponse:
    """Redirect anonymous users to the sign-in page and signed-in staff to the requested page; 403 for other users."""
    target = request.GET.get(REDIRECT_FIELD_NAME, "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = reverse("admin:index")
    if not request.user.is_authenticated:
        return redirect_to_login(target)
    if not (request.user.is_staff and request.user.is_active):
        raise PermissionDenied
    return redirect(target)
