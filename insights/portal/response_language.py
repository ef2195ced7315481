"""The language of a response: that of the account, else that of the browser, else English.

The account's language is in a cookie, so that choosing it needs neither a session nor a query. Devices get the cookie at sign-in, when the
profile is saved, and every ten minutes (`insights.portal.devices`). Responses of the APIs stay English, as programs read them.
"""

from inspect import iscoroutinefunction

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.decorators import sync_and_async_middleware

from insights.portal.function_middleware import AsyncGetResponse, GetResponse, Middleware

APIS = ("/v1/", "/oauth2/", "/api/openapi.json")
YEAR_S = 365 * 86_400
_NOTED = "parley_language"


def language_of(request: HttpRequest) -> str:
    """Return the language in which a request is answered."""
    return settings.LANGUAGE_CODE if request.path.startswith(APIS) else translation.get_language_from_request(request)


def note_language(request: HttpRequest, language: str) -> None:
    """Store the language of the signed-in account on this device with the response; empty: that of the browser."""
    setattr(request, _NOTED, language)


def _finish(request: HttpRequest, response: HttpResponseBase, language: str) -> HttpResponseBase:
    if not request.path.startswith(APIS):
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
    noted = getattr(request, _NOTED, None)
    if noted is None or noted == request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""):
        return response
    if noted:
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, noted, max_age=YEAR_S, secure=secure, httponly=True, samesite="Lax")
    else:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
    return response


def _middleware(get_response: GetResponse | AsyncGetResponse) -> GetResponse | AsyncGetResponse:
    if iscoroutinefunction(get_response):
        get_async_response: AsyncGetResponse = get_response

        async def async_answer(request: HttpRequest) -> HttpResponseBase:
            language = language_of(request)
            with translation.override(language):
                return _finish(request, await get_async_response(request), language)

        return async_answer

    def answer(request: HttpRequest) -> HttpResponseBase:
        language = language_of(request)
        with translation.override(language):
            response = get_response(request)
        if not isinstance(response, HttpResponseBase):
            raise TypeError("an asynchronous view was given to the synchronous chain")
        return _finish(request, response, language)

    return answer


choose_language: Middleware = sync_and_async_middleware(_middleware)
"""Middleware that answers in the language of the reader."""
