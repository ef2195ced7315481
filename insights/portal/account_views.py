"""The views of django-allauth with our limits: sign-up, new passwords, second step of sign-in, passkeys, confirmation of the password.

And the recovery codes, whose keys may be unreadable after a change of SECRET_KEY.
"""

import logging
from collections.abc import Callable
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.socialaccount.providers.openid_connect import views as openid
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from requests import RequestException

from insights import access
from insights.access import addresses
from insights.encryption import NotDecryptable
from insights.portal.limited import counted, limited, redirects
from insights.portal.template_context import TemplateContext

logger = logging.getLogger(__name__)


def attempt_of(request: HttpRequest, kind: Any, account: str) -> access.Attempt:
    """Return the attempt of a request."""
    return access.Attempt(kind, account, access.client_address(request))


class SignUp(account.SignupView):
    """Create an account, where the setting OPEN_SIGN_UP allows it; else the page does not exist."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Count every form that is sent, as each sends a mail."""
        if not self.is_open():
            raise Http404
        address = request.POST.get("email", "").strip().lower()
        if request.method != "POST":
            return self._dispatched(request)
        return counted(request, attempt_of(request, "mail", address), lambda: self._dispatched(request))

    def _dispatched(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = super().dispatch(request)
        return response


class ForgottenPassword(account.PasswordResetView):
    """Request the link for a new password."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Count every request: it may send a mail."""
        attempt = attempt_of(request, "mail", request.POST.get("email", "").strip().lower())
        return counted(request, attempt, lambda: super(ForgottenPassword, self).post(request))


class ResetPassword(account.PasswordResetFromKeyView):
    """Choose a new password with the link. All sign-ins of the account end."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Limit how many passwords are hashed at the same time. The link also proves that the address is the person's."""
        attempt = attempt_of(request, "password", str(self.reset_user.pk))
        response = limited(request, attempt, lambda: super(ResetPassword, self).post(request), lambda response: True)
        if redirects(response) and isinstance(self.reset_user, User):
            addresses.confirm_address(self.reset_user)
        return response


class NewAddress(account.EmailView):
    """Change the e-mail address: the new one takes effect once it is confirmed."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Treat the address of an account that has no row yet as confirmed: an administrator entered it."""
        if isinstance(request.user, User) and not request.user.emailaddress_set.exists():  # type: ignore[attr-defined]
            addresses.confirm_address(request.user)
        if request.method != "POST" or not request.user.is_authenticated:
            return self._dispatched(request)
        return counted(request, attempt_of(request, "mail", str(request.user.pk)), lambda: self._dispatched(request))

    def _dispatched(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = super().dispatch(request)
        return response


class SecondStep(mfa.AuthenticateView):
    """The second step of sign-in: a code, a recovery code or a passkey."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Limit wrong codes."""
        attempt = attempt_of(request, "code", str(self.stage.login.user.pk))
        return limited(request, attempt, lambda: super(SecondStep, self).post(request), redirects)


class PasskeySignIn(webauthn.LoginWebAuthnView):
    """Sign in with a passkey alone."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Limit failed attempts by address."""
        attempt = attempt_of(request, "passkey", "")
        return limited(request, attempt, lambda: super(PasskeySignIn, self).post(request), lambda _: "credential" in self._valid())

    def form_valid(self, form: Any) -> HttpResponse:
        """Keep which form was valid, then sign in."""
        self._form = form
        response: HttpResponse = super().form_valid(form)
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        """Say that the passkey is not known, on the page for sign-in."""
        messages.error(self.request, _("This passkey is not known here."))
        return redirect("signin")

    def get_success_url(self) -> str | None:
        """Return the page to which sign-in leads."""
        return None

    def _valid(self) -> dict[str, Any]:
        return getattr(self, "_form", None) and self._form.cleaned_data or {}


class ConfirmByPassword(account.ReauthenticateView):
    """Ask for the password again before something sensitive."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Limit wrong passwords, together with those on the account page."""
        attempt = attempt_of(request, "password", str(request.user.pk))
        return limited(request, attempt, lambda: super(ConfirmByPassword, self).post(request), redirects)


class ConfirmByCode(mfa.ReauthenticateView):
    """Ask for a code before something sensitive."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Limit wrong codes."""
        attempt = attempt_of(request, "code", str(request.user.pk))
        return limited(request, attempt, lambda: super(ConfirmByCode, self).post(request), redirects)


class ConfirmByPasskey(webauthn.ReauthenticateWebAuthnView):
    """Ask for a passkey before something sensitive."""

    def form_invalid(self, form: Any) -> HttpResponse:
        """Say that it did not work, on the same page."""
        messages.error(self.request, _("This passkey does not belong to this account."))
        return redirect(self.request.get_full_path())


class ActivateCodes(totp.ActivateTOTPView):
    """Set up an authenticator app."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Limit wrong codes."""
        attempt = attempt_of(request, "code", f"new {request.user.pk}")
        return limited(request, attempt, lambda: super(ActivateCodes, self).post(request), redirects)


class ReplaceRecoveryCodes(recovery_codes.GenerateRecoveryCodesView):
    """Replace the recovery codes, also those that cannot be read any more."""

    def get_context_data(self, **kwargs: Any) -> TemplateContext:
        """Count the unused codes without a failure."""
        context: TemplateContext = super(recovery_codes.GenerateRecoveryCodesView, self).get_context_data(**kwargs)
        return {**context, "unused_code_count": access.recovery_codes_left(access.factors_of(self.request.user)) or 0}


def show_recovery_codes(request: HttpRequest) -> HttpResponseBase:
    """Show the unused recovery codes."""
    return _readable(request, recovery_codes.view_recovery_codes)


def download_recovery_codes(request: HttpRequest) -> HttpResponseBase:
    """Return the unused recovery codes as a file."""
    return _readable(request, recovery_codes.download_recovery_codes)


def _readable(request: HttpRequest, view: Callable[[HttpRequest], HttpResponseBase]) -> HttpResponseBase:
    """Return the response of a view of recovery codes; if they cannot be read, the page that replaces them."""
    try:
        return view(request)
    except NotDecryptable:
        messages.error(request, _("Your recovery codes no longer work, because the key of this server has changed. Replace them."))
        return redirect("mfa_generate_recovery_codes")


def single_sign_on(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Redirect to the identity provider."""
    return _reached(lambda: openid.login(request, provider_id))


def single_sign_on_callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Sign in the account for which the identity provider answers."""
    return _reached(lambda: openid.callback(request, provider_id))


def _reached(ask: Callable[[], HttpResponse]) -> HttpResponse:
    """Return the response of `ask`; the page about a failed sign-on if the identity provider cannot be reached or answers nonsense."""
    try:
        return ask()
    except (RequestException, KeyError) as error:
        logger.warning("the identity provider cannot be used (%s); see OIDC_URL", type(error).__name__)
        return redirect("socialaccount_login_error")
