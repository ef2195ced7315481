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
    *(f"/v1/exports{rest}" for rest in ("", "/{export_id}", "/{export_id}/file")),
    "/v1/webhooks",
    "/v1/webhooks/{webhook_id}",
    "/v1/webhooks/{webhook_id}/secret",
    "/v1/webhooks/{webhook_id}/test",
    "/v1/webhooks/{webhook_id}/deliveries",
    *(f"/v1/manage/{one}{rest}" for one in ("tracker", "trackers") for rest in ("", "/{tracker_id}")),
    *(f"/v1/manage/{one}{rest}" for one in ("group", "groups") for rest in ("", "/{group_id}")),
    *(f"/v1/manage/entities{rest}" for rest in ("", "/bulk", "/{entity_id}")),
    "/v1/manage/vocabulary",
    *(f"/v1/manage/voice-profiles{rest}" for rest in ("", "/speaker", "/{profile_id}")),
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
            "/notes",
            "/notes/{note_id}",
            "/experiences",
            "/experiences/url",
            "/experiences/{experience_id}",
        )
    ),
}


def test_every_route_is_documented(db: None) -> None:
    """The schema names exactly the existing routes, each with a summary."""
    schema = Client().get("/api/openapi.json").json()
    assert set(schema["paths"]) == PATHS
    assert all(call.get("summary") for path in schema["paths"].values() for call in path.values())


def page_of(address: str) -> str:
    """Return a page of the reference as an anonymous reader gets it."""
    response = Client().get(address)
    assert response.status_code == 200
    return response.content.decode()


def subjects() -> set[str]:
    """Return the subjects of the first page."""
    return set(re.findall(r'href="\?group=([a-z-]+)"', page_of("/api/docs")))


def test_the_page_needs_no_other_host_and_is_small(db: None) -> None:
    """The page with all scripts and styles comes from this server and has less than 300 KB; the largest of one subject, too."""
    largest = max((page_of(f"/api/docs?group={group}") for group in subjects()), key=len)
    for html in (page_of("/api/docs"), largest):
        assert set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", html)) <= {"http://www.w3.org", "https://example.com"}  # neither is loaded
        size = len(html.encode())
        for asset in set(re.findall(r'(?:src|href)="(/static/[^"]+)"', html)):
            response = Client().get(asset)
            assert response.status_code == 200
            size += len(response.getvalue())
            response.close()
        assert size < 300_000


def test_every_call_is_on_the_page_of_its_subject(db: None) -> None:
    """With method, path, parameters and a command; links to objects lead to one on the same page."""
    schema = Client().get("/api/openapi.json").json()
    calls = {(method.upper(), path): call for path, methods in schema["paths"].items() for method, call in methods.items()}
    found = set()
    for group in subjects():
        html = page_of(f"/api/docs?group={group}")
        assert set(re.findall(r'href="#(object-[^"]+)"', html)) <= set(re.findall(r'id="([^"]+)"', html))
        for section in re.findall(r'<section class="card call".*?</section>', html, re.DOTALL):
            if (called := re.search(r'class="method \w+">(\w+)</span> <code>([^<]+)</code>', section)) is None:
                continue  # an object
            found.add((called[1], called[2]))
            assert all(f"<code>{one['name']}</code>" in section for one in calls[called[1], called[2]].get("parameters", ()))
            assert "$PARLEY" in section
    assert found == set(calls)


def test_an_unknown_subject_is_404(db: None) -> None:
    """It is no page of the reference."""
    assert Client().get("/api/docs?group=nothing").status_code == 404


def test_the_reference_names_every_route_and_kind(db: None) -> None:
    """docs/api.md has a section for every call, docs/reference/rest.md every kind of event."""
    schema = Client().get("/api/openapi.json").json()
    text = (settings.BASE_DIR / "docs" / "api.md").read_text()
    for path in PATHS:
        assert all(f"\n### `{method.upper()} {path}`\n" in text for method in schema["paths"][path]), path
    rules = (settings.BASE_DIR / "docs" / "reference" / "rest.md").read_text()
    assert all(f"| `{kind}` |" in rules for kind in Kind)


def test_the_rules_do_not_repeat_the_calls() -> None:
    """docs/reference/rest.md has no sentence of docs/api.md: what one call does is said there only."""
    folder = settings.BASE_DIR / "docs"
    rules = " ".join((folder / "reference" / "rest.md").read_text().split())
    calls = re.findall(r"\n### `[^`]+`\n\n(.+)\n", (folder / "api.md").read_text())
    sentences = {one for text in calls for one in re.split(r"(?<=\.) ", text) if len(one) > 35}
    assert len(sentences) > 100
    assert [one for one in sorted(sentences) if one in rules] == []


def test_each_schema_has_its_own_name() -> None:
    """Two classes of one name in different modules are not taken for each other in the schema."""
    names = [one.__name__ for one in subclasses(Schema) if one.__module__.startswith("insights.api.")]
    assert len(names) > 100
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def subclasses(kind: type) -> set[type]:
    """Return all subclasses of a class."""
    return {one for child in kind.__subclasses__() for one in (child, *subclasses(child))}
