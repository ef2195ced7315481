"""Authentication and authorisation: accounts, apps and their tokens, sign-ins, grants, limits on failed attempts."""

from insights.access.accounts import (
    account_for,
    active_account,
    find_or_new_account,
    make_administrator,
    may_see,
    nobody_can_sign_in,
    settings_of,
)
from insights.access.app_tokens import (
    SecondFactorNeeded,
    WrongCredentials,
    refreshed_token,
    revoke_tokens,
    token_for,
    token_for_password,
)
from insights.access.apps import app_of_token, apps_of, create_app, revoke_app, user_of_token
from insights.access.attempts import Attempt, TooManyTries, client_address, password_check
from insights.access.grants import MOST_SIGN_INS, Grant, forget_sign_ins, grant_for_sign_in, grant_for_token, valid_grants
from insights.access.scopes import EVERY_SCOPE, MEANINGS, SCOPES, MissingScope, Scope, check_scope, parse_scopes, scope_of_call
from insights.access.setup import (
    ExpiredSetupToken,
    SetupClosed,
    WrongSetupToken,
    check_setup_token,
    create_first_account,
    setup_is_open,
    setup_link,
)
from insights.tokens import InvalidToken, Token

__all__ = [
    "EVERY_SCOPE",
    "MEANINGS",
    "MOST_SIGN_INS",
    "SCOPES",
    "Attempt",
    "ExpiredSetupToken",
    "Grant",
    "InvalidToken",
    "MissingScope",
    "Scope",
    "SecondFactorNeeded",
    "SetupClosed",
    "Token",
    "TooManyTries",
    "WrongCredentials",
    "WrongSetupToken",
    "account_for",
    "active_account",
    "app_of_token",
    "apps_of",
    "check_scope",
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
    "parse_scopes",
    "password_check",
    "refreshed_token",
    "revoke_app",
    "revoke_tokens",
    "scope_of_call",
    "settings_of",
    "setup_is_open",
    "setup_link",
    "valid_grants",
    "token_for",
    "token_for_password",
    "user_of_token",
]
