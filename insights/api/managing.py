"""What all calls of the Management API have in common: the size of a body, errors, and the answer to a deletion."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Schema

from insights import managed
from insights.api.errors import ApiError, LimitProblem, Problem, TooManyConcurrentRequests
from insights.json_text import Form

MOST_BYTES = 1024 * 1024
"""Size of a body, as Symbl documents it."""

READ_PROBLEMS: dict[int, type[Problem]] = {400: Problem, 401: Problem, 404: Problem, 429: Problem, 503: Problem}
WRITE_PROBLEMS: dict[int, type[Problem]] = {
    400: Problem,
    401: Problem,
    403: Problem,
    404: Problem,
    409: Problem,
    413: Problem,
    429: LimitProblem,
}


class Deleted(Schema):
    """The answer to a deletion."""

    id: str
    type: str
    deleted: bool = True


@contextmanager
def managing(unknown: str) -> Iterator[None]:
    """Answer the errors of `insights.managed` in the protocol's form; `unknown` is the text for an id that does not exist."""
    try:
        yield
    except managed.Unknown:
        raise ApiError(404, unknown) from None
    except managed.Taken as error:
        raise ApiError(409, str(error)) from None
    except managed.Busy:
        raise TooManyConcurrentRequests(
            "This API has a limit of maximum of 1 concurrent request per account. Wait for the answer to the other request."
        ) from None
    except managed.ManagedError as error:
        raise ApiError(400, str(error)) from None


def at_most_1_mb(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer a longer body with 413, before it is parsed."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if len(request.body) > MOST_BYTES:
            return JsonResponse({"message": f"body: may have at most {MOST_BYTES} bytes (1 MB), not {len(request.body)}"}, status=413)
        return view(request, *args, **kwargs)

    return answer


def listed(name: str, batches: Iterable[Sequence[Form]]) -> Iterator[str]:
    """Yield the JSON of {name: [objects]} in pieces, one for each batch."""
    begun = f'{{"{name}": ['
    separator = ""
    for batch in batches:
        if batch:
            yield begun + separator + ", ".join(map(json.dumps, batch))
            begun, separator = "", ", "
    yield f"{begun}]}}"


def kind_of_body(body: object) -> str:
    """Return the tag of a body that is an object or a list of them. Errors name the field after it, and leave `body` out."""
    return "list" if isinstance(body, list) else "body"
