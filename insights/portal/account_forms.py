"""The forms of django-allauth with our labels and without placeholders."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from allauth.socialaccount import forms as social
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from insights.access import addresses
from insights.encryption import NotDecryptable

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

logger = logging.getLogger(__name__)

PASSWORD_HELP = gettext_lazy("At least 10 characters.")  # noqa: S105
_CODE = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}


class _Labelled(forms.BaseForm):
    """A form whose fields have our labels and help, and further attributes of their inputs."""

    labels: "dict[str, str | _StrPromise]" = {}
    helps: "dict[str, str | _StrPromise]" = {}
    attributes: Mapping[str, Mapping[str, object]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.helps.get(name, "")
            field.widget.attrs.update(self.attributes.get(name, {}))


class SignUpForm(_Labelled, account.SignupForm):
    """Name, e-mail address and password of a new account."""

    first_name = forms.CharField(label=gettext_lazy("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order = ["first_name", "email", "password1", "password2"]
    labels: "dict[str, str | _StrPromise]" = {
        "email": gettext_lazy("E-mail address"),
        "password1": gettext_lazy("Password"),
        "password2": gettext_lazy("Confirm password"),
    }
    helps: "dict[str, str | _StrPromise]" = {"password1": PASSWORD_HELP}
    attributes = {"first_name": {"autofocus": True}}


class SingleSignOnForm(_Labelled, social.SignupForm):
    """The address of a new account, where the identity provider names none."""

    labels = SignUpForm.labels
    attributes = {"email": {"autofocus": True, "autocapitalize": "none"}}


class ForgottenPasswordForm(_Labelled, account.ResetPasswordForm):
    """The address to which the link for a new password goes."""

    labels: "dict[str, str | _StrPromise]" = {"email": gettext_lazy("E-mail address")}
    attributes = {"email": {"autofocus": True, "autocapitalize": "none"}}


class ResetPasswordForm(_Labelled, account.ResetPasswordKeyForm):
    """A new password, twice."""

    labels: "dict[str, str | _StrPromise]" = {"password1": gettext_lazy("New password"), "password2": gettext_lazy("Confirm new password")}
    helps: "dict[str, str | _StrPromise]" = {"password1": PASSWORD_HELP}
    attributes = {"password1": {"autofocus": True}}


class NewAddressForm(_Labelled, account.AddEmailForm):
    """A new e-mail address, which takes effect once it is confirmed."""

    labels: "dict[str, str | _StrPromise]" = {"email": gettext_lazy("New e-mail address")}
    attributes = {"email": {"autocapitalize": "none"}}

    def clean_email(self) -> str:
        """Refuse an address with which another account signs in."""
        address = str(super().clean_email())
        if addresses.is_taken(address, but=self.user):
            raise ValidationError(_("An account with this e-mail address exists already."))
        return address


class ConfirmPasswordForm(_Labelled, account.ReauthenticateForm):
    """The current password, before something that needs it."""

    labels: "dict[str, str | _StrPromise]" = {"password": gettext_lazy("Current password")}
    attributes = {"password": {"autofocus": True}}


class _Code(_Labelled, mfa.BaseAuthenticateForm):
    """A code of the authenticator app or a recovery code."""

    labels: "dict[str, str | _StrPromise]" = {"code": gettext_lazy("Code")}
    attributes = {"code": _CODE}

    def clean_code(self) -> str:
        """Say so if no code can be checked, because the stored keys were encrypted with another SECRET_KEY."""
        try:
            return str(super().clean_code())
        except NotDecryptable:
            logger.error("the second factors of account %s were encrypted with another SECRET_KEY", self.user.pk)
            raise ValidationError(
                _("No code can be checked, because the key of this server has changed. Ask an administrator to remove your second factors.")
            ) from None


class CodeForm(_Code, mfa.AuthenticateForm):
    """A code, to sign in."""


class ConfirmCodeForm(_Code, mfa.ReauthenticateForm):
    """A code, before something that needs it."""


class ActivateCodesForm(_Labelled, totp.ActivateTOTPForm):
    """The first code of an authenticator app."""

    labels: "dict[str, str | _StrPromise]" = {"code": gettext_lazy("Code of the app")}
    attributes = {"code": _CODE}


class NewPasskeyForm(_Labelled, webauthn.AddWebAuthnForm):
    """The name of a new passkey, and whether it signs in alone."""

    labels: "dict[str, str | _StrPromise]" = {
        "name": gettext_lazy("Name"),
        "passwordless": gettext_lazy("Sign in with this passkey alone, without a password"),
    }
    helps: "dict[str, str | _StrPromise]" = {
        "name": gettext_lazy("For example: laptop"),
        "passwordless": gettext_lazy("The device then asks for a fingerprint, face or PIN."),
    }


class PasskeyNameForm(_Labelled, webauthn.EditWebAuthnForm):
    """The name of a passkey."""

    labels: "dict[str, str | _StrPromise]" = {"name": gettext_lazy("Name")}
    attributes = {"name": {"maxlength": 100, "autofocus": True}}
