"""Authentication and authorisation: accounts, apps and their tokens, sign-ins, grants, limits on failed attempts."""

from insights.access.accounts import account_for, active_account, find_or_new_account, make_administrator, may_see, nobody_can_sign_in
from insights.access.apps import WrongCredentials, apps_of, create_app, revoke_app, token_for, user_of_token
from insights.access.attempts import Attempt, TooManyTries, client_address, password_check
from insights.access.grants import MOST_SIGN_INS, Grant, forget_sign_ins, grant_for_sign_in, grant_for_token, valid_grants
from insights.access.setup import (
    ExpiredSetupToken,
    SetupClosed,
    WrongSetupToken,
    check_setup_token,
    create_first_account,
    setup_is_open,
    setup_link,
)
from insights.tokens import Token

__all__ = [
    "MOST_SIGN_INS",
    "Attempt",
    "ExpiredSetupToken",
    "Grant",
    "SetupClosed",
    "Token",
    "TooManyTries",
    "WrongCredentials",
    "WrongSetupToken",
    "account_for",
    "active_account",
    "apps_of",
    "check_setup_token",
    "client_address",
    "create_app",
    "create_first_account",
    "find_or_new_account",
    "forget_sign_ins",
    "make_administrator",
    "may_see",
    "nobody_can_sign_in",
    "grant_for_sign_in",
    "grant_for_token",
    "password_check",
    "revoke_app",
    "setup_is_open",
    "setup_link",
    "valid_grants",
    "token_for",
    "user_of_token",
]
