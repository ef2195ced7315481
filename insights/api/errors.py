"""Errors in Symbl's form: a JSON object with a `message` that names what is wrong and what is allowed."""

from collections.abc import Callable, Iterable
from functools import wraps

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern
from django.utils.log import log_response
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError

from insights.access import MissingScope
from insights.jobs import TooManyJobs
from insights.long_responses import TooManyAnswers

UNKNOWN_CONVERSATION = "The conversationId is either invalid or does not exist."
INVALID_TOKEN = "Token validation failed for provided token."  # noqa: S105


class Problem(Schema):
    """The body of every error."""

    message: str


class LimitProblem(Problem):
    """The body of a 429 for too many unfinished jobs, or for too many concurrent requests, as Symbl sends it."""

    statusCode: int


class Done(Schema):
    """The answer to a call that changed something and returns nothing else."""

    message: str


COMMON_PROBLEMS: dict[int, type[Problem]] = {400: Problem, 401: Problem, 403: Problem, 404: Problem}
"""The errors that nearly every call can have."""


class ApiError(Exception):
    """End a request with an HTTP status and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class TooManyConcurrentRequests(ApiError):
    """429 with `statusCode` in the body."""

    def __init__(self, message: str) -> None:
        super().__init__(429, message)


def not_found() -> ApiError:
    """Return the error for a conversation that does not exist or belongs to another owner."""
    return ApiError(404, UNKNOWN_CONVERSATION)


def install(api: NinjaAPI) -> None:
    """Register handlers that answer every error of the API in this form."""

    @api.exception_handler(TooManyConcurrentRequests)
    def on_too_many_concurrent_requests(request: HttpRequest, error: TooManyConcurrentRequests) -> HttpResponse:
        return JsonResponse({"statusCode": error.status, "message": error.message}, status=error.status)

    @api.exception_handler(ApiError)
    def on_api_error(request: HttpRequest, error: ApiError) -> HttpResponse:
        response = JsonResponse({"message": error.message}, status=error.status)
        if error.status == 501:  # on purpose; Django would log it as an error of the server
            log_response("Not implemented: %s", request.path, response=response, request=request, level="info")
        return response

    @api.exception_handler(TooManyAnswers)
    def on_too_many_answers(request: HttpRequest, error: TooManyAnswers) -> HttpResponse:
        return JsonResponse({"message": str(error)}, status=error.status, headers=error.headers)

    @api.exception_handler(TooManyJobs)
    def on_too_many_jobs(request: HttpRequest, error: TooManyJobs) -> HttpResponse:
        return JsonResponse({"statusCode": 429, "message": str(error)}, status=429)

    @api.exception_handler(AuthenticationError)
    def on_authentication_error(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        return JsonResponse({"message": INVALID_TOKEN}, status=401)

    @api.exception_handler(MissingScope)
    def on_missing_scope(request: HttpRequest, error: MissingScope) -> HttpResponse:
        return JsonResponse({"message": str(error)}, status=403)

    @api.exception_handler(ValidationError)
    def on_validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
        return JsonResponse({"message": "; ".join(sentence(detail) for detail in error.errors)}, status=400)

    @api.exception_handler(HttpError)
    def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
        return JsonResponse({"message": str(error)}, status=error.status_code)


def as_json_errors(patterns: Iterable[URLPattern]) -> list[URLPattern]:
    """Return the routes with 405 (method not allowed) answered in this form, too; ninja answers it with plain text."""
    routes = list(patterns)
    for pattern in routes:
        pattern.callback = _with_json_405(pattern.callback)
    return routes


def _with_json_405(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code != 405:
            return response
        allowed = response["Allow"]
        return JsonResponse({"message": f"Allowed here: {allowed}."}, status=405, headers={"Allow": allowed})

    return answer


def sentence(detail: dict[str, object]) -> str:
    """Return a sentence with the field, without its location (query, body), and what is allowed. The value is not repeated."""
    location = detail.get("loc")
    parts = [str(part) for part in location] if isinstance(location, (list, tuple)) else []
    name = ".".join(part for part in parts if part not in ("query", "body", "path", "credentials"))
    return f"{name or 'body'}: {detail.get('msg')}"
