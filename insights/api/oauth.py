"""Exchange credentials for tokens: POST /oauth2/token:generate."""

from typing import Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema

from insights import access
from insights.api.errors import ApiError, Problem

router = Router(tags=["Access"])


class Credentials(Schema):
    """The credentials of an app; `type` is always `application` and may be omitted."""

    type: Literal["application"] = "application"
    appId: str = Field(min_length=1, max_length=512)
    appSecret: str = Field(min_length=1, max_length=512)


class AccessToken(Schema):
    """An access token (JWT) and the number of seconds until it expires."""

    accessToken: str
    expiresIn: int


@router.post(
    "/oauth2/token:generate",
    auth=None,
    response={200: AccessToken, 400: Problem, 401: Problem, 429: Problem},
    summary="Create an access token",
)
def generate_token(request: HttpRequest, credentials: Credentials) -> AccessToken:
    """Exchange an app's credentials for an access token. 401 for wrong credentials, 429 after too many failed attempts."""
    try:
        token = access.token_for(credentials.appId, credentials.appSecret, access.client_address(request))
    except access.WrongCredentials as error:
        raise ApiError(401, str(error)) from None
    except access.TooManyTries as error:
        raise ApiError(429, str(error)) from None
    return AccessToken(accessToken=token.access_token, expiresIn=token.expires_in)
