"""Signing in, with a limit on guessing. Signing out is Django's own view."""

import hashlib
from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from insights.access import nobody_can_sign_in
from insights.guesses import guesses
from insights.portal.forms import SignInForm


class SignIn(LoginView):
    """E-mail address and password; an empty installation is sent to make its first account instead."""

    template_name = "portal/signin.html"
    form_class = SignInForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Let nobody sign in where nobody can."""
        if nobody_can_sign_in():
            return redirect("first_account")
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Refuse further tries for one account from one address, right password or not, after too many wrong ones in a minute."""
        if guesses.wrong(_counter(request)) < settings.TOKEN_TRIES_PER_MINUTE:
            return super().post(request, *args, **kwargs)
        context = {"form": SignInForm(request), "too_many": True, "next": self.get_redirect_url()}
        return self.render_to_response(context, status=429)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Count a wrong try."""
        guesses.note(_counter(self.request))
        return super().form_invalid(form)


def _counter(request: HttpRequest) -> str:
    """Return the name under which tries are counted: address and account, so that nobody locks out everybody behind one proxy."""
    who = f"{request.META.get('REMOTE_ADDR', '')} {request.POST.get('username', '').strip().lower()}"
    return f"signin.{hashlib.sha256(who.encode(errors='replace')).hexdigest()}"
