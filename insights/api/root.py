"""The API object with its resources, errors and documentation, and its routes."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import PathView

from insights.api import (
    analytics,
    audio,
    bookmarks,
    changes,
    comprehensive,
    conversations,
    entities,
    errors,
    events,
    experiences,
    exports,
    insight_edits,
    insights,
    jobs,
    language_model,
    manage_entities,
    manage_groups,
    manage_trackers,
    manage_voices,
    member_edits,
    members,
    message_edits,
    messages,
    notes,
    oauth,
    persons,
    process,
    schema,
    summary,
    telephony,
    topics,
    trackers,
    transcript,
    webhooks,
)
from insights.api.auth import CALLERS
from insights.api.cors import allow_all_origins
from insights.api.docs_page import ReferencePage
from insights.api.redaction import refuse_elsewhere


class ParleyAPI(NinjaAPI):
    """The API, whose documentation says which scope each call needs, and that 403 is the answer without it."""

    def get_openapi_schema(self, *args: Any, **kwargs: Any) -> OpenAPISchema:
        """Return ninja's schema with the scopes."""
        return schema.with_scopes(super().get_openapi_schema(*args, **kwargs))


api = ParleyAPI(
    title="Parley",
    version="1",
    description="Read and edit conversations, with the calls of the Symbl Conversation API. Get a token from /oauth2/token:generate.",
    urls_namespace="api",
    docs=ReferencePage(),
    docs_url="/api/docs",
    openapi_url="/api/openapi.json",
    auth=CALLERS,
)
errors.install(api)
api.add_decorator(refuse_elsewhere)
RESOURCES = (
    oauth,
    experiences,  # before insights: their path for one insight would take /conversations/experiences/insights/list
    persons,
    conversations,
    messages,
    insights,
    topics,
    trackers,
    entities,
    members,
    analytics,
    summary,
    events,
    bookmarks,
    notes,
    manage_trackers,
    manage_entities,
    manage_groups,
    manage_voices,
    telephony,
    jobs,
    process,
    changes,
    member_edits,
    transcript,
    comprehensive,
    language_model,
    webhooks,
    audio,
    exports,
)
EDITS = (insight_edits, message_edits)
"""Modules whose calls belong to the routers of insights and messages, because a path has one router."""
for resource in RESOURCES:
    api.add_router("", resource.router)


def check_paths() -> None:
    """Raise ImproperlyConfigured if two resources, or two operations of one, have the same path, as an installation's own kind may."""
    known: set[str] = set()
    for resource in RESOURCES:
        paths = resource.router.path_operations
        twice = {path for path, view in paths.items() if len(methods := _methods(view)) > len(set(methods))}
        if taken := (known & paths.keys()) | twice:
            raise ImproperlyConfigured(f"INSIGHT_KINDS: the path {sorted(taken)[0]} is taken; give the kind another `path`")
        known |= paths.keys()


def _methods(view: PathView) -> list[str]:
    """Return the HTTP methods of the operations of a path."""
    return [method for operation in view.operations for method in operation.methods]


check_paths()


def urlpatterns() -> tuple[list[URLPattern], str, str]:
    """Return the routes for `path("", ...)`. Include them after the pages, because ninja also registers a route for the root."""
    patterns, app_name, namespace = api.urls
    routes = schema.built_once(pattern for pattern in patterns if isinstance(pattern, URLPattern))
    return allow_all_origins(errors.as_json_errors(routes)), app_name, namespace
