"""Who may come in, and who may do what: accounts, apps and their tokens, sign-ins."""

from insights.access.accounts import TooLate, account_for, active_account, make_administrator, may_see, nobody_can_sign_in
from insights.access.apps import TooManyTries, WrongCredentials, apps_of, create_app, revoke_app, token_for, user_of_token
from insights.access.passes import MOST_SIGN_INS, Pass, forget_sign_ins, pass_of_sign_in, pass_of_token, still_good
from insights.tokens import Token

__all__ = [
    "MOST_SIGN_INS",
    "Pass",
    "Token",
    "TooLate",
    "TooManyTries",
    "WrongCredentials",
    "account_for",
    "active_account",
    "apps_of",
    "create_app",
    "forget_sign_ins",
    "make_administrator",
    "may_see",
    "nobody_can_sign_in",
    "pass_of_sign_in",
    "pass_of_token",
    "revoke_app",
    "still_good",
    "token_for",
    "user_of_token",
]
