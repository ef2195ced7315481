"""The forms for the first account, sign-in, a new password, and a new app.

An account is a Django user whose user name is the e-mail address.
"""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from insights import access
from insights.models import AccountSettings, Role
from insights.names import clean_name


class FirstAccountForm(forms.Form):
    """Name, e-mail address and password (twice) of the administrator."""

    name = forms.CharField(
        label=gettext_lazy("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True})
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=150,
        error_messages={"invalid": gettext_lazy("Enter an e-mail address such as name@example.com.")},
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        help_text=gettext_lazy("At least 10 characters."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=gettext_lazy("Confirm password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def clean_email(self) -> str:
        """Return the address in lower case, as sign-in compares it."""
        return str(self.cleaned_data["email"]).lower()

    def clean(self) -> dict[str, Any]:
        """Validate the password with the validators of the settings, and its confirmation."""
        values = super().clean() or {}
        password, again = values.get("password"), values.get("again")
        if password:
            likeness = User(username=values.get("email", ""), first_name=values.get("name", ""))
            try:
                validate_password(password, likeness)
            except forms.ValidationError as error:
                self.add_error("password", error)
        if password and again and password != again:
            self.add_error("again", _("The passwords do not match."))
        return values


class AcceptForm(FirstAccountForm):
    """Name and password of an invited person, and the address unless the invitation has one."""

    def __init__(self, email: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if email:
            self.fields.pop("email")


class SignInForm(AuthenticationForm):
    """E-mail address and password."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": gettext_lazy("Wrong e-mail address or password."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first = not self.is_bound  # after a failed attempt, focus the password, which is usually what was wrong
        self.fields["username"] = forms.CharField(
            label=_("E-mail address"),
            max_length=150,
            widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": first, "autocapitalize": "none"}),
        )
        self.fields["password"].widget.attrs["autofocus"] = not first

    def clean_username(self) -> str:
        """Return the address in lower case, as accounts are stored."""
        return str(self.cleaned_data["username"]).lower()


class NewPasswordForm(PasswordChangeForm):
    """The current password, and the new one twice."""

    error_messages = {**PasswordChangeForm.error_messages, "password_incorrect": gettext_lazy("Wrong password.")}

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        for name, label in (
            ("old_password", _("Current password")),
            ("new_password1", _("New password")),
            ("new_password2", _("Confirm new password")),
        ):
            self.fields[name].label = label
            self.fields[name].widget.attrs.pop("autofocus", None)
        self.fields["new_password1"].help_text = _("At least 10 characters.")
        self.fields["new_password2"].help_text = ""


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Name, language and time zone of the account."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        required=False,
        max_length=64,
        help_text=gettext_lazy("For example Europe/Berlin. Leave empty to use that of your device."),
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), required=False)
    field_order = ("name", "language", "time_zone")

    class Meta:
        model = AccountSettings
        fields = ("language", "time_zone")

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["name"].initial = user.get_full_name()
        self.fields["language"].choices = [("", _("That of your device")), *settings.LANGUAGES]  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        """Return the name without control characters."""
        if not (name := clean_name(self.cleaned_data["name"], 150)):
            raise forms.ValidationError(_("Enter a name."))
        return name

    def clean_time_zone(self) -> str:
        """Refuse a time zone that this server does not have."""
        zone = str(self.cleaned_data["time_zone"]).strip()
        if zone and zone not in available_timezones():
            raise forms.ValidationError(_("Choose a time zone from the list, such as Europe/Berlin."))
        return zone

    def save(self, commit: bool = True) -> AccountSettings:
        """Store the name with the account, the rest with its settings."""
        self.user.first_name, self.user.last_name = self.cleaned_data["name"], ""
        self.user.save(update_fields=["first_name", "last_name"])
        saved: AccountSettings = super().save(commit)
        return saved


class RetentionForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """How long conversations of the account and their audio are kept, and whether audio is stored."""

    class Meta:
        model = AccountSettings
        fields = ("keep_days", "store_audio", "keep_audio_days")
        labels = {
            "keep_days": gettext_lazy("Delete conversations after (days)"),
            "store_audio": gettext_lazy("Record audio"),
            "keep_audio_days": gettext_lazy("Delete audio after (days)"),
        }
        help_texts = {
            "keep_days": gettext_lazy("Counted from the end of the conversation. Leave empty to keep them."),
            "store_audio": gettext_lazy(
                "Stores what is said as audio, too, unless a program says otherwise. Ask people before you record them."
            ),
            "keep_audio_days": gettext_lazy(
                "Counted from the end of the conversation. Leave empty to keep it as long as the conversation."
            ),
        }


class SummaryPagesForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Whether the summary pages that apps request are public."""

    class Meta:
        model = AccountSettings
        fields = ("public_summaries", "public_summary_audio")
        labels = {
            "public_summaries": gettext_lazy("Anyone with the link can open them"),
            "public_summary_audio": gettext_lazy("Include the audio"),
        }
        help_texts = {
            "public_summaries": gettext_lazy(
                "For pages that are requested from now on. Each link expires, and can be withdrawn under Share."
            ),
            "public_summary_audio": gettext_lazy("On pages of the kind audio-summary, where audio was stored."),
        }


class AppForm(forms.Form):
    """The name of a new app, what it may do, and when it expires."""

    app_name = forms.CharField(label=gettext_lazy("App name"), max_length=200, help_text=gettext_lazy("For example: Meeting bot"))
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Scopes"),
        choices=[(scope, format_lazy("{}: {}", scope, gettext_lazy(meaning))) for scope, meaning in access.MEANINGS.items()],
        initial=list(access.SCOPES),
        error_messages={"required": gettext_lazy("Choose at least one scope.")},
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.ChoiceField(
        label=gettext_lazy("Expires"),
        choices=[
            ("0", gettext_lazy("never")),
            ("30", gettext_lazy("in 30 days")),
            ("90", gettext_lazy("in 90 days")),
            ("365", gettext_lazy("in a year")),
        ],
        initial="0",
        required=False,
    )


class InviteForm(forms.Form):
    """Who is invited, and with which role."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        required=False,
        max_length=150,
        help_text=gettext_lazy("Leave empty for a link that anybody may use once."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices, initial=Role.MEMBER)


class RolesForm(forms.Form):
    """The roles of an account beside member."""

    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Besides member"),
        required=False,
        choices=[
            (access.REVIEWER, gettext_lazy("Reviewer: reads and corrects the conversations of all accounts; the owners see it")),
            (access.ADMINISTRATOR, gettext_lazy("Administrator: manages accounts and the installation")),
        ],
        widget=forms.CheckboxSelectMultiple,
    )


class LimitsForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """What an account may use."""

    class Meta:
        model = AccountSettings
        fields = ("max_sessions", "max_jobs", "most_keep_days")
        labels = {
            "max_sessions": gettext_lazy("People who speak at once"),
            "max_jobs": gettext_lazy("Unfinished imports and other jobs"),
            "most_keep_days": gettext_lazy("Delete conversations after (days)"),
        }
        help_texts = {
            "max_sessions": gettext_lazy("In all conversations of the account together. Empty: no limit of its own."),
            "max_jobs": format_lazy(gettext_lazy("Empty: the {most} of this server."), most=settings.MAX_JOBS_PER_ACCOUNT),
            "most_keep_days": gettext_lazy("The account itself can choose a shorter time. Empty: no limit of its own."),
        }
