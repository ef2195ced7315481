"""Routes of the views of django-allauth that this installation has, by the names that django-allauth gives them."""

from allauth.account import views as account
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.socialaccount import views as social
from django.contrib.auth.views import LogoutView
from django.urls import path, re_path

from insights.portal import account_security, account_views, signin

_SECURITY = "account/security/"

urlpatterns = [
    path("signin/", signin.SignInView.as_view(), name="account_login"),
    path("signin/second-step/", account_views.SecondStep.as_view(), name="mfa_authenticate"),
    path("signin/passkey/", account_views.PasskeySignIn.as_view(), name="mfa_login_webauthn"),
    path("signin/inactive/", account.account_inactive, name="account_inactive"),
    path("signin/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("signin/error/", social.login_error, name="socialaccount_login_error"),
    path("signin/<slug:provider_id>/", account_views.single_sign_on, name="openid_connect_login"),
    path("signin/<slug:provider_id>/callback/", account_views.single_sign_on_callback, name="openid_connect_callback"),
    path("signout/", LogoutView.as_view(), name="account_logout"),
    path("signup/", account_views.SignUp.as_view(), name="account_signup"),
    path("signup/sso/", social.signup, name="socialaccount_signup"),
    path("confirm-email/", account.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^confirm-email/(?P<key>[-:\w]+)/$", account.confirm_email, name="account_confirm_email"),
    path("password/reset/", account_views.ForgottenPassword.as_view(), name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account_views.ResetPassword.as_view(),
        name="account_reset_password_from_key",
    ),
    path("password/changed/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("account/email/", account_views.NewAddress.as_view(), name="account_email"),
    path("account/confirm/", account_views.ConfirmByPassword.as_view(), name="account_reauthenticate"),
    path("account/confirm/code/", account_views.ConfirmByCode.as_view(), name="mfa_reauthenticate"),
    path("account/confirm/passkey/", account_views.ConfirmByPasskey.as_view(), name="mfa_reauthenticate_webauthn"),
    path(_SECURITY, account_security.security, name="mfa_index"),
    path(_SECURITY, account_security.security, name="mfa_list_webauthn"),
    path(_SECURITY, account_security.security, name="socialaccount_connections"),
    path(f"{_SECURITY}devices/sign-out/", account_security.sign_out_others, name="sign_out_others"),
    path(f"{_SECURITY}devices/<int:device_id>/sign-out/", account_security.sign_out_device, name="sign_out_device"),
    path(f"{_SECURITY}authenticator/", account_views.ActivateCodes.as_view(), name="mfa_activate_totp"),
    path(f"{_SECURITY}authenticator/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path(f"{_SECURITY}passkeys/add/", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path(f"{_SECURITY}passkeys/<int:pk>/", webauthn.edit_webauthn, name="mfa_edit_webauthn"),
    path(f"{_SECURITY}passkeys/<int:pk>/remove/", webauthn.remove_webauthn, name="mfa_remove_webauthn"),
    path(f"{_SECURITY}recovery-codes/", account_views.show_recovery_codes, name="mfa_view_recovery_codes"),
    path(f"{_SECURITY}recovery-codes/new/", account_views.ReplaceRecoveryCodes.as_view(), name="mfa_generate_recovery_codes"),
    path(f"{_SECURITY}recovery-codes/download/", account_views.download_recovery_codes, name="mfa_download_recovery_codes"),
]
