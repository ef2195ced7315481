"""Exchange credentials for tokens, refresh and revoke tokens: /oauth2/token:generate, token:refresh, token:revoke."""

from collections.abc import Callable
from typing import Literal, TypeVar

from django.http import HttpRequest
from ninja import Field, Router, Schema
from pydantic import ConfigDict
from pydantic.config import JsonDict

from insights import access
from insights.access import IssuedToken
from insights.api.errors import ApiError, Problem

router = Router(tags=["Access"])
T = TypeVar("T")
MOST = 512
PROBLEMS = {400: Problem, 401: Problem, 429: Problem}


def _form_of(kind: str, fields: list[str], more: list[str]) -> JsonDict:
    """Return the JSON schema of the credentials of one type."""
    texts: JsonDict = {field: {"minLength": 1} for field in fields}
    return {"properties": {"type": {"enum": [kind]}, **texts}, "required": [*more, *fields]}


class Credentials(Schema):
    """The credentials of an app (`appId`, `appSecret`), or with `type` `password` those of an account (`username`, `password`)."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [_form_of("application", ["appId", "appSecret"], []), _form_of("password", ["username", "password"], ["type"])]
        }
    )
    type: Literal["application", "password"] = "application"
    appId: str = Field("", max_length=MOST)
    appSecret: str = Field("", max_length=MOST)
    username: str = Field("", max_length=MOST)
    password: str = Field("", max_length=4096)


class AppCredentials(Schema):
    """The credentials of an app."""

    appId: str = Field(min_length=1, max_length=MOST)
    appSecret: str = Field(min_length=1, max_length=MOST)


class Refresh(AppCredentials):
    """The credentials of an app, and the refresh token that it got last."""

    refreshToken: str = Field(min_length=1, max_length=4096)


class AccessToken(Schema):
    """An access token (JWT) and the number of seconds until it expires.

    `refreshToken` is for `token:refresh`; `refershToken` is the same, under the name that Symbl's Python SDK reads. Both are only there for
    apps.
    """

    accessToken: str
    expiresIn: int
    refreshToken: str | None = None
    refershToken: str | None = None


class Revoked(Schema):
    """What was done."""

    message: str


@router.post(
    "/oauth2/token:generate",
    auth=None,
    response={200: AccessToken, **PROBLEMS, 403: Problem},
    exclude_none=True,
    summary="Create an access token",
)
def generate_token(request: HttpRequest, credentials: Credentials) -> AccessToken:
    """Exchange credentials for an access token: the same one while more than an hour of it is left, then a new one.

    401 for wrong credentials, 403 for the password of an account with a second factor or an unconfirmed address, 429 after too many failed
    attempts.
    """
    for field in ("appId", "appSecret") if credentials.type == "application" else ("username", "password"):
        if not getattr(credentials, field):
            raise ApiError(400, f"{field}: Field required for the type {credentials.type}")
    address = access.client_address(request)
    if credentials.type == "application":
        return _form(_checked(lambda: access.token_for(credentials.appId, credentials.appSecret, address)))
    return _form(_checked(lambda: access.token_for_password(request, credentials.username, credentials.password, address)))


@router.post(
    "/oauth2/token:refresh", auth=None, response={200: AccessToken, **PROBLEMS}, exclude_none=True, summary="Refresh an access token"
)
def refresh_token(request: HttpRequest, credentials: Refresh) -> AccessToken:
    """Return a new access token, however much time the current one has left. The current one stays valid until it expires."""
    address = access.client_address(request)
    try:
        return _form(_checked(lambda: access.refreshed_token(credentials.appId, credentials.appSecret, credentials.refreshToken, address)))
    except access.InvalidToken:
        raise ApiError(401, "refreshToken: it is not valid; get a token from token:generate") from None


@router.delete("/oauth2/token:revoke", auth=None, response={200: Revoked, **PROBLEMS}, summary="Revoke all tokens of an app")
def revoke_token(request: HttpRequest, credentials: AppCredentials) -> Revoked:
    """Revoke all access and refresh tokens of an app. Its connections end within seconds; its secret stays valid."""
    address = access.client_address(request)
    _checked(lambda: access.revoke_tokens(credentials.appId, credentials.appSecret, address))
    return Revoked(message="All tokens of this app were revoked.")


def _checked(call: Callable[[], T]) -> T:
    """Return the result of a call that checks credentials, with its errors in the protocol's form."""
    try:
        return call()
    except access.WrongCredentials as error:
        raise ApiError(401, str(error)) from None
    except (access.AddressNotConfirmed, access.SecondFactorNeeded) as error:
        raise ApiError(403, str(error)) from None
    except access.TooManyTries as error:
        raise ApiError(429, str(error)) from None


def _form(token: IssuedToken) -> AccessToken:
    refresh = token.refresh_token or None
    return AccessToken(accessToken=token.access_token, expiresIn=token.expires_in, refreshToken=refresh, refershToken=refresh)
