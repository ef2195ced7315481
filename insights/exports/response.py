"""Send a file while it is generated or read."""

from collections.abc import Callable, Iterator

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from insights import long_responses


def answer(
    request: HttpRequest,
    pieces: Iterator[str] | Iterator[bytes],
    content_type: str,
    name: str,
    exists: Callable[[], bool] = lambda: True,
    size: int | None = None,
) -> HttpResponseBase:
    """Return a streamed file download with this name; 429 or 503 if too many are being sent. `exists`: see `long_responses.answer`.

    `size`: the number of bytes, if it is known.
    """
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if size is not None:
        headers["Content-Length"] = str(size)
    account = int(request.user.pk or 0)
    try:
        return long_responses.answer(request, pieces, account=account, exists=exists, content_type=content_type, headers=headers)
    except long_responses.TooManyAnswers as error:
        return HttpResponse(str(error), status=error.status, content_type="text/plain; charset=utf-8", headers=error.headers)
