"""What pages say after an action of django-allauth, and the mails that it sends, by the names of its templates."""

from dataclasses import dataclass

MESSAGES = {
    "account/messages/email_confirmation_failed.txt": "Another account has this address already.",
    "account/messages/email_confirmed.txt": "E-mail address confirmed.",
    "account/messages/email_deleted.txt": "Change of the address cancelled.",
    "account/messages/password_changed.txt": "Password changed.",
    "mfa/messages/recovery_codes_generated.txt": "New recovery codes created. The earlier ones no longer work.",
    "mfa/messages/totp_activated.txt": "Two-step sign-in is on.",
    "mfa/messages/totp_deactivated.txt": "Authenticator app removed.",
    "mfa/messages/webauthn_added.txt": "Passkey added.",
    "mfa/messages/webauthn_removed.txt": "Passkey removed.",
    "socialaccount/messages/account_connected.txt": "Single sign-on connected.",
    "socialaccount/messages/account_connected_other.txt": "Another account uses this single sign-on already.",
}
"""Actions that are not listed say nothing: what they did can be seen."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail: its subject, its first paragraph, and the key of the link in its context."""

    subject: str
    text: str
    link: str = ""


_IGNORE = "If this was not you, ignore this mail."
MAILS = {
    "account/email/password_reset_key": Mail(
        "Choose a new password", f"Open this link to choose a new password for your account. {_IGNORE}", "password_reset_url"
    ),
    "account/email/email_confirmation": Mail(
        "Confirm your e-mail address", f"Open this link to confirm that this address is yours. {_IGNORE}", "activate_url"
    ),
    "account/email/email_confirmation_signup": Mail(
        "Confirm your e-mail address", f"Open this link to finish creating your account. {_IGNORE}", "activate_url"
    ),
    "account/email/account_already_exists": Mail(
        "You have an account already",
        "Somebody wanted to create an account with this address, which has one already. If you forgot the password, open this link.",
        "password_reset_url",
    ),
    "account/email/email_changed": Mail("Your e-mail address was changed", "The address of your account was changed."),
    "account/email/password_reset": Mail("Your password was changed", "The password of your account was changed with a link from a mail."),
    "account/email/password_changed": Mail("Your password was changed", "The password of your account was changed."),
    "mfa/email/recovery_codes_generated": Mail("New recovery codes", "New recovery codes were created for your account."),
    "mfa/email/totp_activated": Mail("Two-step sign-in is on", "An authenticator app was added to your account."),
    "mfa/email/totp_deactivated": Mail("Authenticator app removed", "The authenticator app was removed from your account."),
    "mfa/email/webauthn_added": Mail("Passkey added", "A passkey was added to your account."),
    "mfa/email/webauthn_removed": Mail("Passkey removed", "A passkey was removed from your account."),
    "socialaccount/email/account_connected": Mail("Single sign-on connected", "Single sign-on was connected to your account."),
    "socialaccount/email/account_disconnected": Mail("Single sign-on removed", "Single sign-on was removed from your account."),
}
NOT_YOU = "If this was not you, change your password and sign out all other devices on the page Account, Security."
