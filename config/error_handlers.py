"""What is answered where no route could: a page to people, and to programs that call the API the JSON that they read everywhere else."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

_API = ("/v1/", "/oauth2/")


def _told(status: int, message: str) -> JsonResponse:
    """Answer in the API's form; pages of other origins may read it like everything of the API."""
    return JsonResponse({"message": message}, status=status, headers={"Access-Control-Allow-Origin": "*"})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer to what Django itself refused: too large, a foreign host name, fields without number."""
    if not request.path.startswith(_API):
        return defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return _told(413, f"body: at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes are allowed")
    return _told(400, "Bad request.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer to an address that does not exist."""
    if request.path.startswith(_API):
        return _told(404, "No such API call. /api/docs lists all calls.")
    return defaults.page_not_found(request, exception)


def broken(request: HttpRequest) -> HttpResponse:
    """Answer when our own code failed; the cause stands in the log only."""
    if request.path.startswith(_API):
        return _told(500, "Internal server error. Details are in the server's log.")
    return defaults.server_error(request)
