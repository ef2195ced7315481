"""The API as a whole: its resources, its errors, its documentation, and its routes."""

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
from insights.api.cors import open_to_pages

api = NinjaAPI(
    title="Parley",
    version="1",
    description="Reading conversations back, with the calls of the Symbl Conversation API. Tokens come from /oauth2/token:generate.",
    urls_namespace="api",
    docs_url="/api/docs",
    openapi_url="/api/openapi.json",
    auth=CALLERS,
)
errors.install(api)
for resource in (oauth, conversations, messages, insights, topics, trackers, entities, members, analytics, summary, events, manage):
    api.add_router("", resource.router)


def urlpatterns() -> tuple[list[URLPattern], str, str]:
    """Return the routes for `path("", ...)`, to come after the pages: ninja's name for the root answers nothing itself."""
    patterns, app_name, namespace = api.urls
    routes = schema.built_once(pattern for pattern in patterns if isinstance(pattern, URLPattern))
    return open_to_pages(errors.in_form(routes)), app_name, namespace
