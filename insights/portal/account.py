"""The account page: change the password, create and revoke apps."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from insights import access
from insights.portal.forms import AppForm, NewPasswordForm, RetentionForm, VocabularyForm

DONE = {
    "vocabulary": "Names and special words saved. Conversations that start from now on use them.",
    "password": "Password changed. Other devices have been signed out.",
    "retention": "Retention saved.",
    "revoked": "App revoked. Its secret and tokens no longer work.",
}


def _user(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def page(request: HttpRequest, status: int = 200, **parts: Any) -> HttpResponse:
    """Return the account page; `parts` replaces parts of it, such as a form with errors."""
    user = _user(request)
    context: dict[str, Any] = {"password": NewPasswordForm(user), "app": AppForm(), "apps": access.apps_of(user), "now": timezone.now()}
    context["vocabulary"] = parts.pop("vocabulary", None) or VocabularyForm.of(user.pk)
    context |= {"retention": RetentionForm(instance=access.settings_of(user)), "installation_days": settings.KEEP_DAYS}
    context |= parts
    return render(request, "portal/account.html", context, status=status)


@require_GET
@login_required
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """Show the account and its apps, with a confirmation of the last action."""
    return page(request, done=DONE.get(request.GET.get("done", "")))


@require_POST
@login_required
@sensitive_post_parameters()
def change_password(request: HttpRequest) -> HttpResponse:
    """Change the password after checking the current one. The account's other sign-ins end.

    The limits on failed attempts apply, so that the password cannot be guessed in a browser that was left signed in.
    """
    user = _user(request)
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
    return redirect("/account/?done=password")


@require_POST
@login_required
def change_retention(request: HttpRequest) -> HttpResponse:
    """Change how long the account's conversations are kept."""
    form = RetentionForm(request.POST, instance=access.settings_of(_user(request)))
    if not form.is_valid():
        return page(request, 400, retention=form)
    form.save()
    return redirect("/account/?done=retention")


@require_POST
@login_required
@never_cache
def make_app(request: HttpRequest) -> HttpResponse:
    """Create an app and show its secret, which is not stored and cannot be shown again."""
    form = AppForm(request.POST)
    if not form.is_valid():
        return page(request, 400, app=form)
    days = int(form.cleaned_data["days"] or 0)
    expires_at = timezone.now() + timedelta(days=days) if days else None
    app, secret = access.create_app(_user(request), form.cleaned_data["app_name"], frozenset(form.cleaned_data["scopes"]), expires_at)
    return page(request, made=app, secret=secret)


@require_POST
@login_required
def revoke_app(request: HttpRequest, app_pk: int) -> HttpResponse:
    """Revoke one of the user's own apps at once; 404 for any other."""
    if not access.revoke_app(_user(request), app_pk):
        raise Http404
    return redirect("/account/?done=revoked")
