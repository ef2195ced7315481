"""The share dialog, the teams pages, public links and invitations."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from insights import access, managed, recorder
from insights.models import AccessLevel, Conversation, Share, ShareLink, Team, TeamMembership
from tests.insights.conftest import opening
from tests.insights.portal.conftest import MakeConversation, add_insight

SECRET = "zeppelin"
LINES = [("Ada", f"Is the {SECRET} ready?"), ("Bob", "I will call tomorrow.")]


@pytest.fixture
def visitor() -> Client:
    """Return a browser that is not signed in."""
    return Client()


def share(client: Client, one: Conversation, part: bool = True, **sent: Any) -> Any:
    """Send a form of the share dialog."""
    return client.post(f"/conversations/{one.pk}/share/", sent, headers={"X-Part": "1"} if part else {})


def test_sharing_with_a_person(user_client: Client, other_client: Client, other_user: User, make_conversation: MakeConversation) -> None:
    """The dialog shares, shows with whom, and ends the share; meanwhile the other account sees the page and its owner's name."""
    one = make_conversation(lines=LINES)
    assert "Only you can see this conversation" in user_client.get(f"/conversations/{one.pk}/share/").content.decode()
    assert other_client.get(f"/conversations/{one.pk}/").status_code == 404
    shown = share(user_client, one, do="person", address=other_user.email, level="1").content.decode()
    assert other_user.email in shown
    assert "Can view" in shown
    page = other_client.get(f"/conversations/{one.pk}/").content.decode()
    assert SECRET in page
    assert "Shared by jane@example.com" in page
    assert "read-only" in page
    assert "data-share=" not in page
    assert other_client.get(f"/conversations/{one.pk}/share/").status_code == 404
    assert other_client.post(f"/conversations/{one.pk}/delete/").status_code == 404
    share(user_client, one, do="person", address=other_user.email, level="2")
    assert "read-only" not in other_client.get(f"/conversations/{one.pk}/").content.decode()
    removed = share(user_client, one, do="remove", share=Share.objects.get().pk)
    assert "Access removed" in removed.content.decode()
    assert other_client.get(f"/conversations/{one.pk}/").status_code == 404


def test_sharing_with_a_team(
    user: User, user_client: Client, other_client: Client, other_user: User, make_conversation: MakeConversation
) -> None:
    """The dialog names the team beside the people, and ends its share."""
    one = make_conversation(lines=LINES)
    team = managed.create_team(user, "Sales")
    managed.add_person(team, other_user.email)
    share(user_client, one, do="person", address=other_user.email, level="2")
    shown = share(user_client, one, do="team", team=team.pk, level="1")
    assert shown.status_code == 200
    assert re.findall('Remove access of ([^"]+)', shown.content.decode()) == [other_user.email, "Sales"]
    share(user_client, one, do="remove", share=Share.objects.get(team=None).pk)
    assert other_client.get(f"/conversations/{one.pk}/").status_code == 200
    share(user_client, one, do="remove", share=Share.objects.get().pk)
    assert other_client.get(f"/conversations/{one.pk}/").status_code == 404


def test_the_list_has_shared_ones_and_a_filter(
    user_client: Client, other_client: Client, other_user: User, make_conversation: MakeConversation
) -> None:
    """A shared conversation has its owner's name and no button to delete it; the filter leaves out one's own ones."""
    one = make_conversation("Budget talk", LINES)
    own = recorder.open_conversation(opening(other_user, "own", name="My own")).conversation_id
    access.share_with_person(one, other_user.email, AccessLevel.READ)
    page = other_client.get("/conversations/").content.decode()
    assert "Shared by jane@example.com" in page
    assert f"/conversations/{one.pk}/delete/" not in page
    assert f"/conversations/{own}/delete/" in page
    for query in ("shared=yes", f"shared=yes&q={SECRET}"):
        filtered = other_client.get(f"/conversations/?{query}").content.decode()
        assert "Budget talk" in filtered
        assert "My own" not in filtered
    assert "Shared by" not in user_client.get("/conversations/").content.decode()


def test_results_tasks_and_recent_conversations_name_the_owner(
    user: User, user_client: Client, other_client: Client, other_user: User, make_conversation: MakeConversation
) -> None:
    """For conversations of others: in the results of a search and on the home page, each found by its own row; not for one's own."""
    User.objects.filter(pk=user.pk).update(first_name="Jane", last_name="Doe")
    one = make_conversation("Budget talk", LINES)
    add_insight(one, 2, kind="action_item", text="Call", assignee_name="Mallory")
    Conversation.objects.filter(pk=one.pk).update(ended_at=None)
    recorder.open_conversation(opening(other_user, "own", name="My own"))
    access.share_with_person(one, other_user.email, AccessLevel.READ)
    results = other_client.get(f"/conversations/?q={SECRET}").content.decode()
    (hit,) = re.findall(r'<li class="hit">.*?</li>', results, re.DOTALL)
    assert "Shared by Jane Doe" in hit
    home = other_client.get("/?tasks=all").content.decode()
    rows = re.findall(r'<li class="task.*?</li>', home, re.DOTALL)
    assert {("Budget talk" in row, "Shared by Jane Doe" in row) for row in rows} == {(True, True), (False, False)}
    assert sum("Budget talk" in row for row in rows) == 3, "live, recent, and the task"
    for path in (f"/conversations/?q={SECRET}", "/?tasks=all"):
        assert "Shared by" not in user_client.get(path).content.decode()


def test_sharing_works_without_a_script(user_client: Client, other_user: User, make_conversation: MakeConversation) -> None:
    """The page of the dialog redirects to itself."""
    one = make_conversation(lines=LINES)
    assert share(user_client, one, part=False, do="person", address=other_user.email, level="1").status_code == 302
    assert Share.objects.get().user == other_user


@pytest.mark.parametrize(
    "sent",
    [
        {"do": "person", "address": "nobody@example.com", "level": "1"},
        {"do": "person", "address": "mallory@example.com", "level": "3"},
        {"do": "person", "address": "mallory@example.com", "level": "x"},
        {"do": "team", "team": "1", "level": "1"},
        {"do": "link", "days": "9999"},
        {"do": "withdraw", "link": "x"},
        {"do": "something"},
        {},
    ],
    ids=["unknown-address", "owner-level", "no-level", "foreign-team", "days", "no-link", "unknown-action", "nothing"],
)
def test_what_is_wrong_is_said(user_client: Client, other_user: User, make_conversation: MakeConversation, sent: dict[str, str]) -> None:
    """Nothing is shared then."""
    response = share(user_client, make_conversation(lines=LINES), **sent)
    assert response.status_code == 400
    assert 'role="alert"' in response.content.decode()
    assert not Share.objects.exists()
    assert not ShareLink.objects.exists()


def test_the_page_of_a_shared_conversation_takes_a_fixed_number_of_queries(
    user_client: Client, other_client: Client, other_user: User, make_conversation: MakeConversation
) -> None:
    """The number depends neither on the shares nor on the messages."""
    counts = []
    for number in (1, 12):
        one = make_conversation(lines=LINES * number)
        access.share_with_person(one, other_user.email, AccessLevel.READ)
        for place in range(number):
            access.share_with_person(one, User.objects.create_user(f"{number}-{place}@example.com").username, AccessLevel.READ)
        with CaptureQueriesContext(connection) as asked:
            assert other_client.get(f"/conversations/{one.pk}/").status_code == 200
        with CaptureQueriesContext(connection) as of_dialog:
            assert user_client.get(f"/conversations/{one.pk}/share/").status_code == 200
        counts.append((len(asked), len(of_dialog)))
    assert counts[0] == counts[1]


def url_in(text: str, path: str) -> str:
    """Return the first URL of a page that has this path, without the host."""
    found = re.search(rf"http://testserver(/{path}/[^\"/]+/)", text)
    assert found is not None
    return found[1]


def test_a_public_link(visitor: Client, user_client: Client, make_conversation: MakeConversation) -> None:
    """Who has it reads transcript, insights and summary without an account; it is for no search engine, and its address goes nowhere."""
    one = make_conversation("Budget talk", LINES)
    add_insight(one, 1, text="Is it ready?")
    url = url_in(share(user_client, one, do="link", days="7").content.decode(), "shared")
    response = visitor.get(url)
    page = response.content.decode()
    assert response.status_code == 200
    assert SECRET in page
    assert "Budget talk" in page
    assert "Is it ready?" in page
    assert "<audio" not in page
    assert (response.headers["X-Robots-Tag"], response.headers["Referrer-Policy"]) == ("noindex, nofollow", "no-referrer")
    assert "no-store" in response.headers["Cache-Control"]
    assert visitor.get(f"/conversations/{one.pk}/").status_code == 302
    assert visitor.get(f"/v1/conversations/{one.pk}").status_code == 401


def test_a_public_link_shows_a_sentence_once(visitor: Client, user_client: Client, make_conversation: MakeConversation) -> None:
    """A task and a question in one sentence are one entry, with both kinds."""
    one = make_conversation("Budget talk", LINES)
    for kind in ("question", "action_item"):
        add_insight(one, 1, kind, text="Can you send it?")
    url = url_in(share(user_client, one, do="link", days="7").content.decode(), "shared")
    page = visitor.get(url).content.decode()
    assert page.count("Can you send it?") == 1
    assert re.search(r"Action item, *Question", page)


def test_a_public_link_ends(visitor: Client, user: User, user_client: Client, make_conversation: MakeConversation) -> None:
    """One that was valid says "expired" or "withdrawn"; every other address, and one of a deleted conversation, is 404."""
    one = make_conversation(lines=LINES)
    url = url_in(share(user_client, one, do="link", days="1").content.decode(), "shared")
    link = ShareLink.objects.get()
    ShareLink.objects.update(expires_at=timezone.now())
    expired = visitor.get(url)
    assert (expired.status_code, "has expired" in expired.content.decode()) == (410, True)
    ShareLink.objects.update(expires_at=timezone.now() + timedelta(days=1))
    share(user_client, one, do="withdraw", link=str(link.pk))
    withdrawn = visitor.get(url)
    assert (withdrawn.status_code, "was withdrawn" in withdrawn.content.decode()) == (410, True)
    assert SECRET not in withdrawn.content.decode() + expired.content.decode()
    for wrong in ("/shared/x/", f"/shared/{'A' * 43}/", url.replace("shared", "join"), url[:-2] + "/"):
        assert visitor.get(wrong).status_code == 404
    recorder.bin_conversation(one.pk, user.pk)
    assert visitor.get(url).status_code == 404


def test_the_audio_of_a_public_link(visitor: Client, make_conversation: MakeConversation) -> None:
    """Without the checkbox the address of the audio does not exist; with it, it says that nothing is stored."""
    one = make_conversation(lines=LINES)
    without, including = (access.secret_of(access.create_public_link(one, 7, audio=audio)) for audio in (False, True))
    unknown = visitor.get("/v1/shared/x/audio").json()
    assert visitor.get(f"/v1/shared/{without}/audio").json() == unknown
    allowed = visitor.get(f"/v1/shared/{including}/audio")
    assert allowed.status_code == 404
    assert allowed.json() != unknown


def invitation(client: Client, connection_id: str, **sent: str) -> str:
    """Create an invitation in the dialog of the live page; return its path."""
    shown = client.post(f"/live-invitations/{connection_id}/", {"kind": "speak", **sent}, headers={"X-Part": "1"})
    assert shown.status_code == 200
    return url_in(shown.content.decode(), "join")


def test_an_invited_colleague(
    user: User, user_client: Client, other_client: Client, other_user: User, make_conversation: MakeConversation
) -> None:
    """The page waits until the conversation is live, then has the colleague's own name; withdrawing takes all access away."""
    url = invitation(user_client, "room-1")
    assert "Waiting for" in other_client.get(url).content.decode()
    one = make_conversation(lines=LINES[:1])
    Conversation.objects.filter(pk=one.pk).update(ended_at=None, connection_id="room-1")
    response = other_client.get(url)
    page = response.content.decode()
    assert 'data-live="yes"' in page
    assert 'data-watching="no"' in page
    assert f"conversation={one.pk}" in page
    assert 'value="mallory"' in page
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert Share.objects.get().user == other_user
    assert user_client.get(url).headers["Location"] == "/live/room-1/"
    Conversation.objects.filter(pk=one.pk).update(ended_at=timezone.now())
    assert f"/conversations/{one.pk}/" in other_client.get(url).content.decode()
    user_client.post("/live-invitations/room-1/", {"withdraw": str(ShareLink.objects.get().pk)})
    assert other_client.get(url).status_code == 410
    assert other_client.get(f"/conversations/{one.pk}/").status_code == 404


def test_removing_who_came_by_an_invitation(
    user_client: Client, other_client: Client, other_user: User, make_conversation: MakeConversation
) -> None:
    """The dialog says that the person can come back as long as the invitation is valid."""
    url = invitation(user_client, "room-1")
    one = make_conversation(lines=LINES[:1])
    Conversation.objects.filter(pk=one.pk).update(ended_at=None, connection_id="room-1")
    other_client.get(url)
    hint = "withdraw the invitation, too"

    def removed() -> str:
        sent = {"do": "remove", "share": str(Share.objects.get().pk)}
        return user_client.post(f"/conversations/{one.pk}/share/", sent, headers={"X-Part": "1"}).content.decode()

    assert hint in removed()
    access.share_with_person(one, other_user.email, AccessLevel.READ)
    page = removed()
    assert "Access removed" in page
    assert hint not in page


def test_an_invited_colleague_beyond_the_limit(
    user_client: Client, other_client: Client, make_conversation: MakeConversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conversation that is shared with as many people as possible says so."""
    url = invitation(user_client, "room-1")
    one = make_conversation(lines=LINES[:1])
    Conversation.objects.filter(pk=one.pk).update(ended_at=None, connection_id="room-1")
    monkeypatch.setattr("insights.access.sharing.MOST_SHARES", 0)
    response = other_client.get(url)
    assert response.status_code == 403
    assert "at most 0 people" in response.content.decode()


def test_an_anonymous_visitor_signs_in_or_is_a_guest(visitor: Client, user_client: Client, make_conversation: MakeConversation) -> None:
    """Without guests the page asks to sign in; with them it asks for a name, which it keeps for the same address only."""
    one = make_conversation(lines=LINES[:1])
    Conversation.objects.filter(pk=one.pk).update(ended_at=None, connection_id="room-1")
    members_only = invitation(user_client, "room-1")
    assert visitor.get(members_only).headers["Location"].startswith("/signin/")
    url = invitation(user_client, "room-1", guests="on", kind="watch")
    assert "Your name" in visitor.get(url).content.decode()
    assert visitor.post(url, {"name": " "}).status_code == 400
    assert visitor.post(url, {"name": "Eve"}).headers["Location"] == url
    page = visitor.get(url).content.decode()
    assert "guest=" in page
    assert 'data-watching="yes"' in page
    assert 'data-keeps="no"' in page
    other = invitation(user_client, "room-1", guests="on")
    assert "Your name" in visitor.get(other).content.decode()


def test_the_live_address_of_a_colleague(other_client: Client, other_user: User, make_conversation: MakeConversation) -> None:
    """With a share it shows the shared conversation: an editor joins it, a reader watches it; a stranger sees only a new one."""
    one = make_conversation(lines=LINES[:1])
    Conversation.objects.filter(pk=one.pk).update(ended_at=None, connection_id="room-1")
    stranger = other_client.get("/live/room-1/").content.decode()
    assert 'data-live="no"' in stranger
    assert str(one.pk) not in stranger
    assert other_client.get("/watch/room-1/").status_code == 404
    access.share_with_person(one, other_user.email, AccessLevel.READ)
    for path in ("/live/room-1/", f"/watch/room-1/?conversation={one.pk}"):
        assert 'data-watching="yes"' in other_client.get(path).content.decode()
    access.share_with_person(one, other_user.email, AccessLevel.EDIT)
    page = other_client.get("/live/room-1/").content.decode()
    assert 'data-live="yes"' in page
    assert 'data-watching="no"' in page


def test_the_resume_point_names_a_shared_conversation(other_client: Client, other_user: User, make_conversation: MakeConversation) -> None:
    """An open page finds out about it by the rule of the live address: not without a share, nor beside an own conversation."""
    one = make_conversation(lines=LINES[:1])
    Conversation.objects.filter(pk=one.pk).update(ended_at=None, connection_id="room-1")
    assert other_client.get("/resume-point/room-1/").json()["shared"] is None
    access.share_with_person(one, other_user.email, AccessLevel.READ)
    answer = other_client.get("/resume-point/room-1/").json()
    assert answer["shared"] == {"title": one.name, "owner": access.person_of(one.owner).name}
    assert (answer["live"], answer["conversation"]) == (False, None)
    own = Conversation.objects.create(owner=other_user, connection_id="room-1", started_at=one.started_at, ended_at=one.started_at)
    assert other_client.get("/resume-point/room-1/").json()["shared"] is None
    Conversation.objects.filter(pk=own.pk).update(connection_id="room-2")
    Conversation.objects.filter(pk=one.pk).update(ended_at=one.started_at)
    assert other_client.get("/resume-point/room-1/").json()["shared"] is None


def test_the_resume_point_of_a_visitor(visitor: Client, user: User, make_conversation: MakeConversation) -> None:
    """A guest gets their own, whatever speaker they name; without the text of a guest nothing is live."""
    one = make_conversation(lines=LINES)
    Conversation.objects.filter(pk=one.pk).update(ended_at=None, connection_id="room-1")
    link = access.invite(user.pk, "room-1", ShareLink.Kind.SPEAK, guests=True)
    token = access.guest_token(link, "1", "Eve")
    assert visitor.get("/resume-point/room-1/", {"guest": token, "speaker": "Ada"}).json() | {"now": ""} == {
        "now": "",
        "conversation": {"id": str(one.pk), "title": one.name, "startedAt": one.started_at.isoformat()},
        "live": True,
        "until": None,
        "seen": None,
        "shared": None,
    }
    assert visitor.get("/resume-point/room-1/", {"guest": "x"}).json()["live"] is False
    assert visitor.get("/resume-point/room-1/", {"conversation": str(one.pk)}).json()["live"] is False
    assert visitor.get("/resume-point/room-1/").status_code == 302


def test_a_team(user: User, user_client: Client, other_client: Client, other_user: User) -> None:
    """A manager creates, renames, adds, sets the default, and deletes; a member sees it, agrees, and leaves; a stranger gets 404."""
    assert user_client.post("/teams/", {"name": " "}).status_code == 400
    path = user_client.post("/teams/", {"name": "Sales"}).headers["Location"]
    assert other_client.get(path).status_code == 404
    assert user_client.post(path, {"do": "add", "address": "nobody@example.com"}).status_code == 400
    user_client.post(path, {"do": "add", "address": other_user.email})
    assert "Sales" in other_client.get("/teams/").content.decode()
    for do in ("change", "add", "remove", "manager", "delete"):
        assert other_client.post(path, {"do": do, "name": "x", "person": str(user.pk)}).status_code == 400
    user_client.post(path, {"do": "change", "name": "Sales EU", "new_conversations": "2"})
    page = other_client.get(path).content.decode()
    assert "Sales EU" in page
    assert "can edit" in page
    assert not TeamMembership.objects.get(user=other_user).shares_new
    other_client.post(path, {"do": "mine", "shares_new": "on"})
    assert TeamMembership.objects.get(user=other_user).shares_new
    other_client.post(path, {"do": "mine"})
    assert not TeamMembership.objects.get(user=other_user).shares_new
    assert user_client.post(path, {"do": "leave"}).status_code == 400
    user_client.post(path, {"do": "manager", "person": str(other_user.pk)})
    assert user_client.post(path, {"do": "leave"}).headers["Location"] == "/teams/"
    assert user_client.get(path).status_code == 404
    assert other_client.post(path, {"do": "delete"}).headers["Location"] == "/teams/"
    assert not Team.objects.exists()


def test_who_leaves_a_team_shares_no_more(user: User, other_user: User, make_conversation: MakeConversation) -> None:
    """What a person shared with the team is no longer shared with it."""
    team = managed.create_team(other_user, "Sales")
    managed.add_person(team, user.username)
    one = make_conversation(lines=LINES)
    access.share_with_team(one, team.pk, AccessLevel.READ)
    managed.remove_person(team, user.pk)
    assert not access.may_see(other_user, one)
