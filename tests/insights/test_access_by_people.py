"""What each person gets from every route (design law 6): by shares, roles and links, beside the three callers of the access table."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from insights import access, managed
from insights.access import ADMINISTRATOR, REVIEWER
from insights.api.root import RESOURCES
from insights.models import AccessLevel, Conversation, Insight, Message, Share, ShareLink
from tests.insights.test_access_table import (
    ADMINISTRATORS,
    NEEDS_MODEL,
    OWN_API,
    OWN_PAGE,
    PUBLIC_LINK,
    REVIEWERS,
    SECRET,
    TABLE,
    browser,
    url_of,
)
from tests.insights.test_access_table import _threads as _threads
from tests.insights.test_access_table import talk as talk

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = ("reader", "editor", "in_team", "stranger", "reviewer", "administrator", "left_team", "link_holder", "guest")
READERS = ("reader", "editor", "in_team")
"""Those who may read the conversation."""
ONLY_OWN = {"v1/manage/entities/<entity_id>", "v1/groups/<group_id>/conversations", "v1/job/<job_id>", "v1/exports/<export_id>"}
"""Routes of things that belong to an account and are not shared with a conversation."""
ONLY_OWN |= {f"v1/manage/{one}/<group_id>" for one in ("group", "groups")}
ONLY_OWN |= {"v1/manage/voice-profiles/<profile_id>"}
ONLY_OWN |= {f"v1/webhooks/<webhook_id>{rest}" for rest in ("", "/deliveries")}
ONLY_OWN |= {route for route in TABLE if route.startswith("settings/")}
ONLY_OWNER = {"conversations/<int:conversation_id>/share/", "teams/<int:team_id>/"}
"""Pages about a conversation that only its owner has."""


def people(talk: Conversation) -> dict[str, Client]:
    """Return the browsers of people with all kinds of access."""
    accounts = {name: User.objects.create_user(f"{name}@example.org", f"{name}@example.org") for name in PEOPLE[:-2]}
    team = managed.create_team(talk.owner, "Team")
    for name in ("in_team", "left_team"):
        managed.add_person(team, accounts[name].email)
    access.share_with_team(talk, team.pk, AccessLevel.READ)
    managed.remove_person(team, accounts["left_team"].pk)
    access.share_with_person(talk, accounts["reader"].email, AccessLevel.READ)
    access.share_with_person(talk, accounts["editor"].email, AccessLevel.EDIT)
    access.grant_role(accounts["reviewer"], REVIEWER)
    access.grant_role(accounts["administrator"], ADMINISTRATOR)
    browsers = {name: browser(account) for name, account in accounts.items()}
    public = access.secret_of(access.create_public_link(talk, 7, audio=False))
    browsers["link_holder"] = Client()
    assert SECRET in browsers["link_holder"].get(f"/shared/{public}/").content.decode()
    invitation = access.secret_of(access.invite(talk.owner_id, talk.connection_id, ShareLink.Kind.SPEAK, guests=True))
    browsers["guest"] = Client()
    assert browsers["guest"].post(f"/join/{invitation}/", {"name": "Eve"}).status_code == 302
    return browsers


def expected(route: str, person: str) -> int:
    """Return the status that a person gets: that of the owner, of another account, or of an anonymous caller."""
    row = TABLE[route]
    if person in ("link_holder", "guest"):
        return row.anonymous
    if row is ADMINISTRATORS and person == "administrator":
        return 200
    if row is REVIEWERS and person == "reviewer":
        return 200
    shared = person in READERS and row in (OWN_API, OWN_PAGE, NEEDS_MODEL) and route not in ONLY_OWN | ONLY_OWNER
    return row.owner if shared else row.other


def test_each_person_gets_the_status_of_their_access(talk: Conversation) -> None:
    """Readers, editors and members of a team read; all others get what an account or an anonymous caller without access gets."""
    browsers = people(talk)
    wrong = {}
    for route in sorted(TABLE):
        url = url_of(route, talk)
        for person, client in browsers.items():
            response = client.get(url)
            status = 200 if (route, response.status_code) == ("readyz", 503) else response.status_code
            wanted = special(route).get(person, expected(route, person))
            if status != wanted:
                wrong[route, person] = status, wanted
            reads = person in READERS or TABLE[route] is PUBLIC_LINK or (TABLE[route] is REVIEWERS and person == "reviewer")
            if not reads and SECRET in response.content.decode(errors="replace"):
                wrong[route, person] = status, f"without {SECRET}"
        restore(browsers, talk)
    assert wrong == {}


def restore(browsers: dict[str, Client], talk: Conversation) -> None:
    """Sign everybody in again whom a route signed out, and end the access that an invitation gave."""
    for person in PEOPLE[:-2]:
        browsers[person].force_login(User.objects.get(username=f"{person}@example.org"))
    Share.objects.exclude(invitation=None).delete()


def special(route: str) -> dict[str, int]:
    """Return the statuses that do not follow the table."""
    if route == "conversations/<int:conversation_id>/people.json":
        return {"reader": 403, "in_team": 403}
    if route == "watch/<path:connection_id>/":
        return {person: 404 for person in ("stranger", "reviewer", "administrator", "left_team")}
    return {}


def bodies(talk: Conversation) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return, for each call that changes a conversation, the level that it needs and a valid body."""
    offset = {"seconds": 0, "nanos": 0}
    spoken = [{"type": kind, "user": {"name": "Bo"}, "offset": offset} for kind in ("started_speaking", "stopped_speaking")]
    mark = {"label": "Here", "description": "", "beginTimeOffset": 0, "duration": 1}
    text = {"messages": [{"payload": {"content": "More."}}]}
    root = "/v1/conversations/{conversation_id}"
    return {
        f"POST {root}/transcript": ("read", {"contentType": "text/markdown"}),
        f"PUT {root}": ("edit", {"name": "New"}),
        f"POST {root}/bookmarks": ("edit", mark),
        f"PUT {root}/bookmarks/{{bookmark_id}}": ("edit", mark),
        f"DELETE {root}/bookmarks/{{bookmark_id}}": ("edit", {}),
        f"POST {root}/experiences": ("edit", {"name": "text-summary"}),
        f"POST {root}/summary": ("edit", {"name": "text-summary"}),
        f"PUT {root}/experiences/url": ("edit", {"url": "https://example.org/call.mp3"}),
        f"DELETE {root}/experiences/{{experience_id}}": ("edit", {}),
        f"PUT {root}/notes/{{note_id}}": ("read", {"text": "Private."}),
        f"DELETE {root}/notes/{{note_id}}": ("read", {}),
        f"PATCH {root}/messages": ("edit", {"messages": [{"id": str(uuid4()), "text": "Other words."}]}),
        f"PATCH {root}/messages/{{message_id}}": ("edit", {"text": "Other words."}),
        f"POST {root}/messages/{{message_id}}/split": ("edit", {"offset": 2}),
        f"POST {root}/messages/{{message_id}}/join": ("edit", {}),
        f"POST {root}/messages/{{message_id}}/speaker": ("edit", {"scope": "message", "user": {"name": "Bo"}}),
        f"POST {root}/insights": ("edit", {"type": "question", "messageId": str(uuid4())}),
        f"PATCH {root}/insights/{{insight_id}}": ("edit", {"review": "accepted"}),
        f"POST {root}/changes/{{change_id}}/undo": ("edit", {}),
        f"PUT {root}/members/{{member_id}}": ("edit", {"name": "Bo"}),
        f"POST {root}/members/{{member_id}}/merge": ("edit", {"into": str(uuid4())}),
        f"PUT {root}/speakers": ("edit", {"speakerEvents": spoken}),
        f"DELETE {root}/messages/{{message_id}}": ("own", {}),
        f"DELETE {root}/insights/{{insight_id}}": ("own", {}),
        f"DELETE {root}/members/{{member_id}}": ("own", {}),
        f"DELETE {root}": ("own", {}),
        f"POST {root}/redact": ("own", {}),
        "PUT /v1/process/text/{conversation_id}": ("own", text),
        **{f"PUT /v1/process/{media}/url/{{conversation_id}}": ("own", {"url": "https://8.8.8.8/a.wav"}) for media in ("audio", "video")},
        **{f"PUT /v1/process/{media}/{{conversation_id}}": ("own", {}) for media in ("audio", "video")},
    }


def changing_calls() -> set[str]:
    """Return every call of the API that is about one conversation and is no GET."""
    calls = (
        f"{method} {path}"
        for resource in RESOURCES
        for path, view in resource.router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
        if "{conversation_id}" in path and method != "GET"
    )
    return set(calls)


def sender(client: Client, call: str, talk: Conversation, body: dict[str, Any]) -> Callable[[], HttpResponse]:
    """Return a function that makes a call for the conversation, with ids of it where there are any."""
    method, path = call.split()
    insight, message = Insight.objects.first(), Message.objects.first()
    assert insight is not None
    assert message is not None
    ids = {"conversation_id": talk.pk, "message_id": message.pk, "insight_id": insight.pk, "bookmark_id": 10**15, "experience_id": 10**15}
    url = path.format(**ids, member_id=uuid4(), note_id=uuid4(), change_id=1)
    return lambda: client.generic(method, url, json.dumps(body), "application/json")  # type: ignore[return-value]


def test_every_changing_call_has_its_level(talk: Conversation) -> None:
    """The list has each call that changes a conversation, and no other."""
    assert set(bodies(talk)) == changing_calls()


def test_who_may_change_what(talk: Conversation) -> None:
    """A reader gets 403 for every change, an editor for what only the owner may do; without access there is no conversation."""
    browsers = people(talk)
    wrong = {}
    for call, (level, body) in bodies(talk).items():
        refused = {"reader": level != "read", "in_team": level != "read", "editor": level == "own"}
        for person, client in browsers.items():
            status = sender(client, call, talk, body)().status_code
            outsider = 401 if person in ("link_holder", "guest") else 404
            if (status == 403) != refused[person] if person in refused else status != outsider:
                wrong[call, person] = status
    assert wrong == {}
    assert Conversation.objects.filter(pk=talk.pk).exists()
