"""Sign-in with a limit on failed attempts; django-allauth adds the second step. Sign-out is Django's own view."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.stagekit import clear_login
from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from insights import access
from insights.portal.forms import SignInForm
from insights.portal.template_context import TemplateContext


class SignInView(LoginView):
    """Sign in with e-mail address and password. An empty installation redirects to the page for the first account."""

    template_name = "portal/signin.html"
    form_class = SignInForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Redirect to the page for the first account while there is none."""
        if access.setup_is_open():
            return redirect("first_account")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the form. A sign-in that waits for its second step is dropped, else single sign-on would lead back to that step."""
        clear_login(request)
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check the password. If a limit on failed attempts is reached, return 429 even for the right password."""
        try:
            with access.password_check(self._attempt):
                return super().post(request, *args, **kwargs)
        except access.TooManyTries as error:
            context = self.get_context_data(form=SignInForm(request), too_many=True, wait_minutes=error.wait_s // 60)
            response = self.render_to_response(context, status=429)
            response["Retry-After"] = str(error.wait_s)
            return response

    def get_context_data(self, **kwargs: Any) -> TemplateContext:
        """Add other ways to sign in, and whether no account has a password; the page then says how to create an administrator."""
        ways = {"open_sign_up": settings.OPEN_SIGN_UP, "single_sign_on": settings.OIDC_NAME if settings.OIDC_URL else ""}
        return super().get_context_data(nobody_can_sign_in=access.nobody_can_sign_in(), **ways, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Mark the client's address as known for the account. Sign in, or ask for the second step or the confirmation of the address."""
        self._attempt.succeeded()
        return sign_in_with_password(self.request, form.get_user(), self.get_success_url())

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Count a failed attempt."""
        self._attempt.failed()
        return super().form_invalid(form)

    @property
    def _attempt(self) -> access.Attempt:
        return access.Attempt("signin", self.request.POST.get("username", "").strip().lower(), access.client_address(self.request))


def sign_in_with_password(request: HttpRequest, user: User, redirect_url: str) -> HttpResponse:
    """Sign in an account whose password was checked or has just been set, through the further steps that it needs."""
    record_authentication(request, user, method="password", username=user.username, reauthenticated=True)
    response: HttpResponse = perform_login(request, user, redirect_url=redirect_url)
    return response
