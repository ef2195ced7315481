"""The forms of the door: first account and sign in. An account is a Django user whose user name is the e-mail address."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password


class FirstAccountForm(forms.Form):
    """Name, e-mail address and password (twice) of the administrator."""

    name = forms.CharField(label="Your name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}))
    email = forms.EmailField(label="E-mail address", max_length=150, widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        label="Password",
        strip=False,
        help_text="At least 10 characters.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(label="Password again", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))

    def clean_email(self) -> str:
        """Return the address in small letters: sign in compares it so."""
        return str(self.cleaned_data["email"]).lower()

    def clean(self) -> dict[str, Any]:
        """Check the password against the rules of the settings, and its repetition."""
        values = super().clean() or {}
        password, again = values.get("password"), values.get("again")
        if password:
            likeness = User(username=values.get("email", ""), first_name=values.get("name", ""))
            try:
                validate_password(password, likeness)
            except forms.ValidationError as error:
                self.add_error("password", error)
        if password and again and password != again:
            self.add_error("again", "The two passwords are not the same.")
        return values


class SignInForm(AuthenticationForm):
    """E-mail address and password."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": "This e-mail address and password do not belong together.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"] = forms.CharField(
            label="E-mail address",
            max_length=150,
            widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}),
        )

    def clean_username(self) -> str:
        """Return the address in small letters, as accounts are kept."""
        return str(self.cleaned_data["username"]).lower()
