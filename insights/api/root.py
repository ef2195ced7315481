"""The API object with its resources, errors and documentation, and its routes."""

from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern
from ninja import NinjaAPI

from insights.api import (
    analytics,
    conversations,
    entities,
    errors,
    events,
    insights,
    manage,
    members,
    messages,
    oauth,
    schema,
    summary,
    topics,
    trackers,
)
from insights.api.auth import CALLERS
from insights.api.cors import allow_all_origins

api = NinjaAPI(
    title="Parley",
    version="1",
    description="Read stored conversations, with the calls of the Symbl Conversation API. Get a token from /oauth2/token:generate.",
    urls_namespace="api",
    docs_url="/api/docs",
    openapi_url="/api/openapi.json",
    auth=CALLERS,
)
errors.install(api)
RESOURCES = (oauth, conversations, messages, insights, topics, trackers, entities, members, analytics, summary, events, manage)
for resource in RESOURCES:
    api.add_router("", resource.router)


def check_paths() -> None:
    """Raise ImproperlyConfigured if two resources have the same path, as an installation's own kind of insight may."""
    known: set[str] = set()
    for resource in RESOURCES:
        if taken := known & resource.router.path_operations.keys():
            raise ImproperlyConfigured(f"INSIGHT_KINDS: the path {sorted(taken)[0]} is taken; give the kind another `path`")
        known |= resource.router.path_operations.keys()


check_paths()


def urlpatterns() -> tuple[list[URLPattern], str, str]:
    """Return the routes for `path("", ...)`. Include them after the pages, because ninja also registers a route for the root."""
    patterns, app_name, namespace = api.urls
    routes = schema.built_once(pattern for pattern in patterns if isinstance(pattern, URLPattern))
    return allow_all_origins(errors.as_json_errors(routes)), app_name, namespace
