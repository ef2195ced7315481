"""The limits on attempts (`insights.access.attempts`) around the views of django-allauth."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from insights import access

Respond = Callable[[], HttpResponseBase]


def too_many(request: HttpRequest, error: access.TooManyTries) -> HttpResponse:
    """Return the page that says how long to wait, with status 429."""
    response = render(request, "portal/too_many.html", {"wait_minutes": error.wait_s // 60}, status=429)
    response["Retry-After"] = str(error.wait_s)
    return response


def limited(
    request: HttpRequest, attempt: access.Attempt, respond: Respond, succeeded: Callable[[HttpResponseBase], bool]
) -> HttpResponseBase:
    """Return the response of `respond`, and count it as an attempt that failed unless `succeeded` accepts it; 429 at a limit."""
    try:
        with access.password_check(attempt):
            response = respond()
    except access.TooManyTries as error:
        return too_many(request, error)
    if succeeded(response):
        attempt.succeeded()
    else:
        attempt.failed()
    return response


def counted(request: HttpRequest, attempt: access.Attempt, respond: Respond) -> HttpResponseBase:
    """Return the response of `respond`, and count it whether it succeeds or not, as for mails; 429 at a limit."""
    return limited(request, attempt, respond, lambda response: False)


def redirects(response: HttpResponseBase) -> bool:
    """Return whether a form was accepted."""
    return response.status_code == 302
