"""Errors in the form that Symbl's clients know: plain JSON with a `message` that says what is wrong and what is allowed."""

from collections.abc import Callable, Iterable
from functools import wraps

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError

from insights.long_responses import TooManyAnswers

UNKNOWN_CONVERSATION = "The conversationId is either invalid or does not exist."
INVALID_TOKEN = "Token validation failed for provided token."  # noqa: S105


class Problem(Schema):
    """The body of every error."""

    message: str


class ApiError(Exception):
    """Ends a request with a status and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def not_found() -> ApiError:
    """Return the answer for a conversation that does not exist, or not for this caller: the same for both."""
    return ApiError(404, UNKNOWN_CONVERSATION)


def install(api: NinjaAPI) -> None:
    """Give every error of the API this form."""

    @api.exception_handler(ApiError)
    def on_api_error(request: HttpRequest, error: ApiError) -> HttpResponse:
        return JsonResponse({"message": error.message}, status=error.status)

    @api.exception_handler(TooManyAnswers)
    def on_too_many_answers(request: HttpRequest, error: TooManyAnswers) -> HttpResponse:
        return JsonResponse({"message": str(error)}, status=error.status, headers=error.headers)

    @api.exception_handler(AuthenticationError)
    def on_stranger(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        return JsonResponse({"message": INVALID_TOKEN}, status=401)

    @api.exception_handler(ValidationError)
    def on_nonsense(request: HttpRequest, error: ValidationError) -> HttpResponse:
        return JsonResponse({"message": "; ".join(_sentence(detail) for detail in error.errors)}, status=400)

    @api.exception_handler(HttpError)
    def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
        return JsonResponse({"message": str(error)}, status=error.status_code)


def in_form(patterns: Iterable[URLPattern]) -> list[URLPattern]:
    """Return the routes, with a method that is not allowed refused in this form, too; ninja answers it with bare text."""
    formed = list(patterns)
    for pattern in formed:
        pattern.callback = _formed(pattern.callback)
    return formed


def _formed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code != 405:
            return response
        allowed = response["Allow"]
        return JsonResponse({"message": f"Allowed here: {allowed}."}, status=405, headers={"Allow": allowed})

    return answer


def _sentence(detail: dict[str, object]) -> str:
    """Name the field (without the place it was looked for) and what is allowed; the value itself is not repeated."""
    place = detail.get("loc")
    parts = [str(part) for part in place] if isinstance(place, (list, tuple)) else []
    name = ".".join(part for part in parts if part not in ("query", "body", "path", "credentials"))
    return f"{name or 'body'}: {detail.get('msg')}"
