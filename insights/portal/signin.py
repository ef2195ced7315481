"""Signing in. Signing out is Django's own view."""

from typing import Any

from django.contrib.auth.views import LoginView
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from insights.portal.first_account import nobody_can_sign_in
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
