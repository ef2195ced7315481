"""Credentials for tokens: POST /oauth2/token:generate."""

from typing import Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema

from insights import access
from insights.api.errors import ApiError, Problem

router = Router(tags=["Access"])


class Credentials(Schema):
    """What a program shows; `type` is always `application`."""

    type: Literal["application"]
    appId: str = Field(min_length=1, max_length=512)
    appSecret: str = Field(min_length=1, max_length=512)


class AccessToken(Schema):
    """A JWT, and for how many seconds it is good."""

    accessToken: str
    expiresIn: int


@router.post(
    "/oauth2/token:generate",
    auth=None,
    response={200: AccessToken, 400: Problem, 401: Problem, 429: Problem},
    summary="Trade an app's credentials for an access token",
)
def generate_token(request: HttpRequest, credentials: Credentials) -> AccessToken:
    """Answer a token; 401 for a wrong pair, 429 after too many of them."""
    try:
        token = access.token_for(credentials.appId, credentials.appSecret, access.client_address(request))
    except access.WrongCredentials as error:
        raise ApiError(401, str(error)) from None
    except access.TooManyTries as error:
        raise ApiError(429, str(error)) from None
    return AccessToken(accessToken=token.access_token, expiresIn=token.expires_in)
