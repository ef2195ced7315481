"""Who may come in, and who may do what: accounts, apps and their tokens, sign-ins."""

from insights.access.accounts import account_for, active_account, find_or_new_account, make_administrator, may_see, nobody_can_sign_in
from insights.access.apps import WrongCredentials, apps_of, create_app, revoke_app, token_for, user_of_token
from insights.access.attempts import Attempt, TooManyTries, client_address, password_check
from insights.access.grants import MOST_SIGN_INS, Pass, forget_sign_ins, pass_of_sign_in, pass_of_token, still_good
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
    "Pass",
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
    "pass_of_sign_in",
    "pass_of_token",
    "password_check",
    "revoke_app",
    "setup_is_open",
    "setup_link",
    "still_good",
    "token_for",
    "user_of_token",
]
