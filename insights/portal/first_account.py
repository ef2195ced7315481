"""The page that creates the first account of an empty installation. It needs the set-up link that the server prints."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from insights import access
from insights.portal.forms import FirstAccountForm
from insights.portal.signin import sign_in_with_password


@never_cache
@sensitive_post_parameters("token", "password", "again")
def first_account(request: HttpRequest) -> HttpResponse:
    """Show and process the form; 403 without a valid set-up token, 429 after too many failures, 404 once an account or app exists."""
    if not access.setup_is_open():
        raise Http404
    token = request.POST.get("token") or request.GET.get("token", "")
    if not token:
        return _refused(request, "missing")
    attempt = access.Attempt("setup", "", access.client_address(request))
    try:
        attempt.check()
        access.check_setup_token(token)
    except access.TooManyTries as error:
        return _refused(request, "limited", 429, error.wait_s)
    except access.ExpiredSetupToken:
        return _refused(request, "expired")
    except access.WrongSetupToken:
        attempt.failed()
        return _refused(request, "wrong")
    form = FirstAccountForm(request.POST or None)
    if form.is_valid():
        values = form.cleaned_data
        try:
            user = access.create_first_account(values["name"], values["email"], values["password"])
        except access.SetupClosed:
            return redirect("signin")
        return sign_in_with_password(request, user, reverse("home"))
    return render(request, "portal/first_account.html", {"form": form, "token": token}, status=400 if form.is_bound else 200)


def _refused(request: HttpRequest, problem: str, status: int = 403, wait_s: int = 0) -> HttpResponse:
    response = render(request, "portal/setup_link.html", {"problem": problem}, status=status)
    if wait_s:
        response["Retry-After"] = str(wait_s)
    return response
