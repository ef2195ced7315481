"""The first visit of an empty installation: a page that makes the administrator's account, once."""

from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from insights.access import TooLate, make_administrator, nobody_can_sign_in
from insights.portal.forms import FirstAccountForm


@never_cache
@sensitive_post_parameters("password", "again")
def first_account(request: HttpRequest) -> HttpResponse:
    """Show and take the form while nobody can sign in; 404 ever after."""
    if not nobody_can_sign_in():
        raise Http404
    form = FirstAccountForm(request.POST or None)
    if form.is_valid():
        values = form.cleaned_data
        try:
            user = make_administrator(values["name"], values["email"], values["password"])
        except TooLate:
            return redirect("signin")
        login(request, user)
        return redirect("conversations")
    return render(request, "portal/first_account.html", {"form": form}, status=400 if form.is_bound else 200)
