"""What pages say after an action of django-allauth, and the mails that it sends, by the names of its templates."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

MESSAGES = {
    "account/messages/email_confirmation_failed.txt": gettext_lazy("Another account has this address already."),
    "account/messages/email_confirmed.txt": gettext_lazy("E-mail address confirmed."),
    "account/messages/email_deleted.txt": gettext_lazy("Change of the address cancelled."),
    "account/messages/password_changed.txt": gettext_lazy("Password changed."),
    "mfa/messages/recovery_codes_generated.txt": gettext_lazy("New recovery codes created. The earlier ones no longer work."),
    "mfa/messages/totp_activated.txt": gettext_lazy("Two-step sign-in is on."),
    "mfa/messages/totp_deactivated.txt": gettext_lazy("Authenticator app removed."),
    "mfa/messages/webauthn_added.txt": gettext_lazy("Passkey added."),
    "mfa/messages/webauthn_removed.txt": gettext_lazy("Passkey removed."),
    "socialaccount/messages/account_connected.txt": gettext_lazy("Single sign-on connected."),
    "socialaccount/messages/account_connected_other.txt": gettext_lazy("Another account uses this single sign-on already."),
}
"""Actions that are not listed say nothing: what they did can be seen."""


@dataclass(frozen=True, slots=True)
class MailWords:
    """A mail: its subject, its first paragraph, and the key of the link in its context."""

    subject: str | Promise
    text: str | Promise
    link: str = ""


MAILS = {
    "account/email/password_reset_key": MailWords(
        gettext_lazy("Choose a new password"),
        gettext_lazy("Open this link to choose a new password for your account. If this was not you, ignore this mail."),
        "password_reset_url",
    ),
    "account/email/email_confirmation": MailWords(
        gettext_lazy("Confirm your e-mail address"),
        gettext_lazy("Open this link to confirm that this address is yours. If this was not you, ignore this mail."),
        "activate_url",
    ),
    "account/email/email_confirmation_signup": MailWords(
        gettext_lazy("Confirm your e-mail address"),
        gettext_lazy("Open this link to finish creating your account. If this was not you, ignore this mail."),
        "activate_url",
    ),
    "account/email/account_already_exists": MailWords(
        gettext_lazy("You have an account already"),
        gettext_lazy(
            "Somebody wanted to create an account with this address, which has one already. If you forgot the password, open this link."
        ),
        "password_reset_url",
    ),
    "account/email/email_changed": MailWords(
        gettext_lazy("Your e-mail address was changed"), gettext_lazy("The address of your account was changed.")
    ),
    "account/email/email_deleted": MailWords(
        gettext_lazy("The change of your e-mail address was cancelled"), gettext_lazy("The address of your account stays as it was.")
    ),
    "account/email/password_reset": MailWords(
        gettext_lazy("Your password was changed"), gettext_lazy("The password of your account was changed with a link from a mail.")
    ),
    "account/email/password_changed": MailWords(
        gettext_lazy("Your password was changed"), gettext_lazy("The password of your account was changed.")
    ),
    "mfa/email/recovery_codes_generated": MailWords(
        gettext_lazy("New recovery codes"), gettext_lazy("New recovery codes were created for your account.")
    ),
    "mfa/email/totp_activated": MailWords(
        gettext_lazy("Two-step sign-in is on"), gettext_lazy("An authenticator app was added to your account.")
    ),
    "mfa/email/totp_deactivated": MailWords(
        gettext_lazy("Authenticator app removed"), gettext_lazy("The authenticator app was removed from your account.")
    ),
    "mfa/email/webauthn_added": MailWords(gettext_lazy("Passkey added"), gettext_lazy("A passkey was added to your account.")),
    "mfa/email/webauthn_removed": MailWords(gettext_lazy("Passkey removed"), gettext_lazy("A passkey was removed from your account.")),
    "socialaccount/email/account_connected": MailWords(
        gettext_lazy("Single sign-on connected"), gettext_lazy("Single sign-on was connected to your account.")
    ),
    "socialaccount/email/account_disconnected": MailWords(
        gettext_lazy("Single sign-on removed"), gettext_lazy("Single sign-on was removed from your account.")
    ),
}
NOT_YOU = gettext_lazy("If this was not you, change your password and sign out all other devices on the page Account, Security.")
