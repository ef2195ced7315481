"""The API's documentation."""

import re

from django.conf import settings
from django.test import Client
from ninja import Schema

from insights.events import Kind

PATHS = {
    "/oauth2/token:generate",
    "/oauth2/token:refresh",
    "/oauth2/token:revoke",
    "/v1/conversations",
    "/v1/job/{job_id}",
    "/v1/job/{job_id}/cancel",
    "/v1/jobs",
    "/v1/webhooks",
    "/v1/webhooks/{webhook_id}",
    "/v1/webhooks/{webhook_id}/secret",
    "/v1/webhooks/{webhook_id}/test",
    "/v1/webhooks/{webhook_id}/deliveries",
    *(f"/v1/manage/{one}{rest}" for one in ("tracker", "trackers") for rest in ("", "/{tracker_id}")),
    *(f"/v1/manage/{one}{rest}" for one in ("group", "groups") for rest in ("", "/{group_id}")),
    *(f"/v1/manage/entities{rest}" for rest in ("", "/bulk", "/{entity_id}")),
    "/v1/manage/vocabulary",
    "/v1/groups/{group_id}/conversations",
    *(f"/v1/process/{one}{rest}" for one in ("text", "audio", "video", "audio/url", "video/url") for rest in ("", "/{conversation_id}")),
    "/v1/manage/person",
    "/v1/endpoint:connect",
    "/v1/event/{connection_id}",
    "/v1/conversations/experiences/insights/list",
    "/v1/conversations/experiences/insights/details/{conversation_id}",
    *(
        f"/v1/conversations/{{conversation_id}}{rest}"
        for rest in (
            "",
            "/messages",
            "/transcript",
            "/questions",
            "/action-items",
            "/follow-ups",
            "/insights",
            "/topics",
            "/abstract-topics",
            "/comprehensive/action-items",
            "/intents",
            "/callscore",
            "/callscore/status",
            "/lm-insights/status",
            "/trackers",
            "/trackers-detected",
            "/entities",
            "/members",
            "/analytics",
            "/summary",
            "/events",
            "/changes",
            "/changes/{change_id}/undo",
            "/insights/{insight_id}",
            "/members/{member_id}",
            "/members/{member_id}/merge",
            "/messages/{message_id}",
            "/messages/{message_id}/join",
            "/messages/{message_id}/speaker",
            "/messages/{message_id}/split",
            "/redact",
            "/audio",
            "/audio/sessions",
            "/speakers",
            "/bookmarks",
            "/bookmarks/{bookmark_id}",
            "/bookmarks/{bookmark_id}/summary",
            "/bookmarks-summary",
            "/experiences",
            "/experiences/{experience_id}",
        )
    ),
}


def test_every_route_is_documented(db: None) -> None:
    """The schema names exactly the existing routes, each with a summary."""
    schema = Client().get("/api/openapi.json").json()
    assert set(schema["paths"]) == PATHS
    assert all(call.get("summary") for path in schema["paths"].values() for call in path.values())


def test_the_page_needs_no_other_host(db: None) -> None:
    """The page loads all scripts and styles from this server, and the files exist."""
    html = Client().get("/api/docs").content.decode()
    assert set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", html)) <= {"http://www.w3.org"}  # an XML namespace, which no browser loads
    assets = re.findall(r'(?:src|href)="(/static/[^"]+)"', html)
    for name in ("swagger-ui-bundle.js", "swagger-ui-init.js", "swagger-ui.css", "api-docs.js", "api-docs.css"):
        assert any(asset.endswith(name) for asset in assets)
    for asset in assets:
        response = Client().get(asset)
        assert response.status_code == 200
        response.close()


def test_the_reference_names_every_route_and_kind() -> None:
    """docs/reference/rest.md lists every route below /v1/conversations and every kind of event."""
    text = (settings.BASE_DIR / "docs" / "reference" / "rest.md").read_text()
    for path in PATHS:
        rest = path.removeprefix("/v1/conversations").replace("{conversation_id}", "{id}")
        assert f"`{rest}`" in text or rest in text, path
    assert all(f"| `{kind}` |" in text for kind in Kind)


def test_each_schema_has_its_own_name() -> None:
    """Two classes of one name in different modules are not taken for each other in the schema."""
    names = [one.__name__ for one in subclasses(Schema) if one.__module__.startswith("insights.api.")]
    assert len(names) > 100
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def subclasses(kind: type) -> set[type]:
    """Return all subclasses of a class."""
    return {one for child in kind.__subclasses__() for one in (child, *subclasses(child))}
