"""Error handlers of the site (400, 404, 500): pages for people, JSON in the API's form for the paths of the API."""

from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

_API = ("/v1/", "/oauth2/")


def _json_error(status: int, message: str) -> JsonResponse:
    """Return an error in the API's form, readable for pages of other origins like all responses of the API."""
    return JsonResponse({"message": message}, status=status, headers={"Access-Control-Allow-Origin": "*"})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Respond to a request that Django itself rejected: body too large, Host not allowed, too many fields."""
    if not request.path.startswith(_API):
        return defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return _json_error(413, f"body: at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes are allowed")
    if isinstance(exception, DisallowedHost):
        return _json_error(400, "The Host header is not among the host names of this server; the setting ALLOWED_HOSTS lists them.")
    return _json_error(400, "Bad request.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Respond to a path that does not exist."""
    if request.path.startswith(_API):
        return _json_error(404, "No such API call. /api/docs lists all calls.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Respond after an unexpected exception; the cause is in the log only."""
    if request.path.startswith(_API):
        return _json_error(500, "Internal server error. Details are in the server's log.")
    return defaults.server_error(request)
