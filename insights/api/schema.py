"""The OpenAPI schema: the scope that each call needs, and a cache per process, because ninja builds it for every request in 100 ms."""

from collections.abc import Callable, Iterable
from functools import wraps
from hashlib import sha256
from threading import Lock

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.views.decorators.http import condition
from ninja.openapi.schema import OpenAPISchema

from insights.access import scope_of_call

MAX_AGE_S = 300
"""Seconds for which clients may use the schema without revalidation; afterwards they send the ETag."""
_PROBLEM = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def with_scopes(schema: OpenAPISchema) -> OpenAPISchema:
    """Add to each operation that needs a token its scope, and the errors for a bad query, for no token and for one without the scope."""
    for path, operations in schema.get("paths", {}).items():
        for method, operation in operations.items():
            if operation.get("security"):
                scope = scope_of_call(method.upper(), path)
                operation["description"] = f"{operation.get('description', '')}\n\nScope: `{scope}`.".strip()
                for status, description in ((400, "Bad Request"), (401, "Unauthorized"), (403, "Forbidden")):
                    operation["responses"].setdefault(status, {"description": description, "content": _PROBLEM})
    return schema


def built_once(patterns: Iterable[URLPattern]) -> list[URLPattern]:
    """Return the routes, with the schema's route answered from memory after its first request."""
    routes = list(patterns)
    for pattern in routes:
        if pattern.name == "openapi-json":
            pattern.callback = _cached(pattern.callback)
    return routes


def _cached(build: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    lock = Lock()
    built: list[tuple[HttpResponse, str]] = []

    def etag(request: HttpRequest) -> str:
        with lock:
            if not built:
                schema = build(request)
                built.append((schema, f'"{sha256(schema.content).hexdigest()[:32]}"'))
        return built[0][1]

    @wraps(build)
    @condition(etag_func=etag)
    def answer(request: HttpRequest) -> HttpResponse:
        headers = {"Cache-Control": f"public, max-age={MAX_AGE_S}", "Content-Type": built[0][0]["Content-Type"]}
        return HttpResponse(built[0][0].content, headers=headers)

    return answer
