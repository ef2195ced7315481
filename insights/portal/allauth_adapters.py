"""What django-allauth asks this installation: where limits and mail are, who may create an account, which words are shown.

Mails are jobs. Without a mail server, the request for a link is stored, and an administrator passes the link on (people page).
"""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed, email_confirmed, password_reset
from allauth.account.stages import EmailVerificationStage
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.forms import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from insights import access, jobs
from insights.access import addresses, devices, link_requests
from insights.mail_language import in_language_of
from insights.models import LinkRequest
from insights.names import clean_name
from insights.portal.account_words import MAILS, MESSAGES, NOT_YOU
from insights.portal.template_context import TemplateContext

_LINKS = {
    "account/email/password_reset_key": LinkRequest.RESET,
    "account/email/email_confirmation": LinkRequest.CONFIRM,
    "account/email/email_confirmation_signup": LinkRequest.CONFIRM,
}
"""Mails that somebody waits for, by template."""


class ConfirmationStage(EmailVerificationStage):
    """The stage of sign-in that asks for a confirmed address: only of those who have typed it themselves."""

    def handle(self) -> Any:
        """Pass accounts that an administrator created, and confirmed ones."""
        user = self.login.user
        if isinstance(user, User) and not addresses.awaits_confirmation(user):
            return None, True
        return super().handle()


class AccountAdapter(DefaultAccountAdapter):
    """Accounts whose user name is their e-mail address."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_taken": gettext_lazy("An account with this e-mail address exists already."),
        "duplicate_email": gettext_lazy("This is your address already."),
        "incorrect_code": gettext_lazy("Wrong code."),
        "incorrect_password": gettext_lazy("Wrong password."),
        "invalid_password_reset": gettext_lazy("This link is not valid any more."),
        "too_many_login_attempts": gettext_lazy("Too many attempts. Try again in a few minutes."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return whether anybody may create an account."""
        return bool(settings.OPEN_SIGN_UP)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the client's address as our limits use it."""
        address = access.client_address(request)
        return devices.NO_ADDRESS if address == access.UNKNOWN_ADDRESS else address

    def populate_username(self, request: HttpRequest, user: User) -> None:
        """Make the address the user name."""
        user.email = user.username = user.email.lower()

    def clean_email(self, email: str) -> str:
        """Refuse an address that is too long for a user name."""
        if len(email) > 150:
            raise ValidationError(_("Enter at most 150 characters."))
        return email.lower()

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Store the name without control characters."""
        form.cleaned_data["first_name"] = clean_name(form.cleaned_data.get("first_name") or "", 150)
        saved: User = super().save_user(request, user, form, commit)
        return saved

    def get_login_stages(self) -> list[str]:
        """Replace the stage of confirmation by ours."""
        ours = f"{ConfirmationStage.__module__}.{ConfirmationStage.__qualname__}"
        stages = super().get_login_stages()
        return [ours if stage.endswith(".EmailVerificationStage") else stage for stage in stages]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Ask for a proof before sensitive changes, but not an account that has none: its identity provider keeps them."""
        user = self.request.user
        has_proof = isinstance(user, User) and (user.has_usable_password() or access.has_second_factor(user))
        return has_proof and bool(super().is_reauthentication_required(app=app, **kwargs))

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: TemplateContext | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Say what was done in our words."""
        if text := message or MESSAGES.get(message_template or ""):
            messages.add_message(request, level, str(text))

    def send_mail(self, template_prefix: str, email: str, context: TemplateContext) -> None:
        """Enqueue a mail; without a mail server store that an account waits for its link."""
        user = context.get("user")
        if settings.MAIL_CONFIGURED:
            mail = MAILS[template_prefix]
            with in_language_of(access.settings_of(user).language if isinstance(user, User) else ""):
                end = str(context[mail.link]) if mail.link else str(NOT_YOU)
                jobs.send_mail([email], f"Parley: {mail.subject}", f"{mail.text}\n\n{end}\n")
        elif (kind := _LINKS.get(template_prefix)) and isinstance(user, User):
            link_requests.note_request(user, kind)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Words of the second factor."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy("Wrong code."),
        "unverified_email": gettext_lazy("Confirm your e-mail address first."),
    }

    def _get_site_name(self) -> str:
        return "Parley"

    def encrypt(self, text: str) -> str:
        """Return the key of an authenticator app, or the seed of recovery codes, as it is stored."""
        return access.encrypted_key(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return such a key. Raises NotDecryptable."""
        return access.readable_key(encrypted_text)

    def generate_authenticator_name(self, user: User, type: Any) -> str:
        """Return the name that a new passkey has until it is renamed."""
        number = user.authenticator_set.filter(type=type).count() + 1  # type: ignore[attr-defined]  # allauth has no types
        return _("Passkey") if number == 1 else _("Passkey %(number)s") % {"number": number}


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """Accounts of the identity provider."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Return whether a first sign-in creates an account."""
        return bool(settings.OIDC_SIGN_UP)


def _follow(request: HttpRequest, user: User, to_email_address: EmailAddress, **signal: object) -> None:
    addresses.follow_address(user, to_email_address.email)


def _confirmed(email_address: EmailAddress, **signal: object) -> None:
    link_requests.answered(email_address.user_id, LinkRequest.CONFIRM)


def _was_reset(user: User, **signal: object) -> None:
    link_requests.answered(user.pk, LinkRequest.RESET)


def connect() -> None:
    """Connect the signals of django-allauth."""
    email_changed.connect(_follow, dispatch_uid="follow address")
    email_confirmed.connect(_confirmed, dispatch_uid="address confirmed")
    password_reset.connect(_was_reset, dispatch_uid="password was reset")
