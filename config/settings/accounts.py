"""Passwords, signing in, second factors and single sign-on."""

from config.settings.environment import OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_NAME, OIDC_URL

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/signin/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/signin/"

# django-allauth (docs/adr/0092-accounts-by-allauth.md). Its own limits are off: insights/access/attempts.py counts.
ACCOUNT_ADAPTER = "insights.portal.allauth_adapters.AccountAdapter"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
ACCOUNT_RATE_LIMITS = False
ACCOUNT_REAUTHENTICATION_METHODS = ["password", "mfa"]
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_FORMS = {
    "add_email": "insights.portal.account_forms.NewAddressForm",
    "reauthenticate": "insights.portal.account_forms.ConfirmPasswordForm",
    "reset_password": "insights.portal.account_forms.ForgottenPasswordForm",
    "reset_password_from_key": "insights.portal.account_forms.ResetPasswordForm",
    "signup": "insights.portal.account_forms.SignUpForm",
}
MFA_ADAPTER = "insights.portal.allauth_adapters.SecondFactorAdapter"
MFA_FORMS = {
    "activate_totp": "insights.portal.account_forms.ActivateCodesForm",
    "add_webauthn": "insights.portal.account_forms.NewPasskeyForm",
    "authenticate": "insights.portal.account_forms.CodeForm",
    "edit_webauthn": "insights.portal.account_forms.PasskeyNameForm",
    "reauthenticate": "insights.portal.account_forms.ConfirmCodeForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RATE_LIMITS = False
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Parley"
MFA_TOTP_TOLERANCE = 1  # clocks of telephones may be half a minute wrong
SOCIALACCOUNT_FORMS = {"signup": "insights.portal.account_forms.SingleSignOnForm"}
SOCIALACCOUNT_ADAPTER = "insights.portal.allauth_adapters.SingleSignOnAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form would be refused by form-action 'self' of the security policy when it redirects
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sso",
                "name": OIDC_NAME,
                "client_id": OIDC_CLIENT_ID,
                "secret": OIDC_CLIENT_SECRET,
                "settings": {"server_url": OIDC_URL, "token_auth_method": "client_secret_basic" if OIDC_CLIENT_SECRET else "none"},
            }
        ]
        if OIDC_URL
        else [],
    }
}
