"""The forms of django-allauth with our labels and without placeholders."""

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.core.exceptions import ValidationError

from insights.access import addresses

PASSWORD_HELP = "At least 10 characters."  # noqa: S105
_CODE = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}


class _Labelled(forms.BaseForm):
    """A form whose fields have our labels and help, and further attributes of their inputs."""

    labels: dict[str, str] = {}
    helps: dict[str, str] = {}
    attributes: dict[str, dict[str, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.helps.get(name, "")
            field.widget.attrs.update(self.attributes.get(name, {}))


class SignUpForm(_Labelled, account.SignupForm):
    """Name, e-mail address and password of a new account."""

    first_name = forms.CharField(label="Your name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order = ["first_name", "email", "password1", "password2"]
    labels = {"email": "E-mail address", "password1": "Password", "password2": "Confirm password"}
    helps = {"password1": PASSWORD_HELP}
    attributes = {"first_name": {"autofocus": True}}


class ForgottenPasswordForm(_Labelled, account.ResetPasswordForm):
    """The address to which the link for a new password goes."""

    labels = {"email": "E-mail address"}
    attributes = {"email": {"autofocus": True, "autocapitalize": "none"}}


class ResetPasswordForm(_Labelled, account.ResetPasswordKeyForm):
    """A new password, twice."""

    labels = {"password1": "New password", "password2": "Confirm new password"}
    helps = {"password1": PASSWORD_HELP}
    attributes = {"password1": {"autofocus": True}}


class NewAddressForm(_Labelled, account.AddEmailForm):
    """A new e-mail address, which takes effect once it is confirmed."""

    labels = {"email": "New e-mail address"}
    attributes = {"email": {"autocapitalize": "none"}}

    def clean_email(self) -> str:
        """Refuse an address with which another account signs in."""
        address = str(super().clean_email())
        if addresses.is_taken(address, but=self.user):
            raise ValidationError("An account with this e-mail address exists already.")
        return address


class ConfirmPasswordForm(_Labelled, account.ReauthenticateForm):
    """The current password, before something that needs it."""

    labels = {"password": "Current password"}
    attributes = {"password": {"autofocus": True}}


class CodeForm(_Labelled, mfa.AuthenticateForm):
    """A code of the authenticator app or a recovery code, to sign in."""

    labels = {"code": "Code"}
    attributes = {"code": _CODE}


class ConfirmCodeForm(_Labelled, mfa.ReauthenticateForm):
    """A code, before something that needs it."""

    labels = {"code": "Code"}
    attributes = {"code": _CODE}


class ActivateCodesForm(_Labelled, totp.ActivateTOTPForm):
    """The first code of an authenticator app."""

    labels = {"code": "Code of the app"}
    attributes = {"code": _CODE}


class NewPasskeyForm(_Labelled, webauthn.AddWebAuthnForm):
    """The name of a new passkey, and whether it signs in alone."""

    labels = {"name": "Name", "passwordless": "Sign in with this passkey alone, without a password"}
    helps = {"name": "For example: laptop", "passwordless": "The device then asks for a fingerprint, face or PIN."}


class PasskeyNameForm(_Labelled, webauthn.EditWebAuthnForm):
    """The name of a passkey."""

    labels = {"name": "Name"}
    attributes = {"name": {"maxlength": 100, "autofocus": True}}
