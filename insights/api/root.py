"""The API object with its resources, errors and documentation, and its routes."""

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
for resource in (oauth, conversations, messages, insights, topics, trackers, entities, members, analytics, summary, events, manage):
    api.add_router("", resource.router)


def urlpatterns() -> tuple[list[URLPattern], str, str]:
    """Return the routes for `path("", ...)`. Include them after the pages, because ninja also registers a route for the root."""
    patterns, app_name, namespace = api.urls
    routes = schema.built_once(pattern for pattern in patterns if isinstance(pattern, URLPattern))
    return allow_all_origins(errors.as_json_errors(routes)), app_name, namespace
