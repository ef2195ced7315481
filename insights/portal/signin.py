"""Sign-in with a limit on failed attempts. Sign-out is Django's own view."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from insights import access
from insights.portal.forms import SignInForm


class SignIn(LoginView):
    """Sign in with e-mail address and password. An empty installation redirects to the page for the first account."""

    template_name = "portal/signin.html"
    form_class = SignInForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Redirect to the page for the first account while there is none."""
        if access.setup_is_open():
            return redirect("first_account")
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check the password. If a limit on failed attempts is reached, return 429 even for the right password."""
        try:
            with access.password_check(self._attempt):
                return super().post(request, *args, **kwargs)
        except access.TooManyTries as error:
            context = {"form": SignInForm(request), "too_many": True, "next": self.get_redirect_url(), "wait_minutes": error.wait_s // 60}
            response = self.render_to_response(context, status=429)
            response["Retry-After"] = str(error.wait_s)
            return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whether no account has a password; the page then says how to create an administrator."""
        return super().get_context_data(nobody_can_sign_in=access.nobody_can_sign_in(), **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Mark the client's address as known for the account."""
        self._attempt.succeeded()
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Count a failed attempt."""
        self._attempt.failed()
        return super().form_invalid(form)

    @property
    def _attempt(self) -> access.Attempt:
        return access.Attempt("signin", self.request.POST.get("username", "").strip().lower(), access.client_address(self.request))
