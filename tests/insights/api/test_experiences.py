"""POST /experiences and the page that it makes."""

from datetime import timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from insights import access
from insights.access import links
from insights.models import AccessLevel, AccountSettings, Conversation, Experience, ShareLink, StoredAudio
from insights.recorder.edits import experiences
from tests.insights.api.conftest import Api, token_of


def page(url: str, user: User, rest: str = "") -> tuple[int, str]:
    """Return status and text of a page for a signed-in user."""
    client = Client()
    client.force_login(user)
    answer = client.get(urlsplit(url).path + rest)
    return answer.status_code, answer.content.decode()


def test_the_page_shows_the_summary_to_the_owner_only(api: Api, owner: User, other_owner: User) -> None:
    """The URL is absolute; others get 404, anonymous readers the sign-in."""
    made = api.request("POST", "/experiences", {"name": "verbose-text-summary"}).json()
    assert (made["name"], "warning" in made) == ("verbose-text-summary", False)
    assert made["url"].startswith("http://testserver/conversations/")
    status, text = page(made["url"], owner)
    assert status == 200
    assert "Ada will send the budget report tomorrow." in text
    assert "Is the budget ready?" in text
    assert page(made["url"], other_owner)[0] == 404
    assert Client().get(urlsplit(made["url"]).path).status_code == 302


def test_links_lead_to_the_transcript(api: Api, talk: Conversation, owner: User) -> None:
    """Insights link to their messages on the conversation's page."""
    made = api.request("POST", "/experiences", {"name": "text-summary"}).json()
    assert f'href="/conversations/{talk.pk}/?part=1#m-' in page(made["url"], owner)[1]


def test_the_look(api: Api, owner: User) -> None:
    """Colours and font are in a stylesheet of our own; text stays readable on the background."""
    body = {"name": "audio-summary", "color": {"background": "#FFcc00", "topicsFilter": "#112233", "insightsFilter": "#445566"}}
    made = api.request("POST", "/experiences", {**body, "font": {"family": "Open Sans"}}).json()
    style = page(made["url"], owner, "style.css")[1]
    assert "background: #ffcc00;" in style
    assert "color: #1c232e" in style
    assert ".chip { border-color: #112233; }" in style
    assert ".insight > .card-link { border-left-color: #445566; }" in style
    assert 'font-family: "Open Sans"' in style
    assert "style.css" in page(made["url"], owner)[1]
    dark = api.request("POST", "/experiences", {"name": "text-summary", "color": {"background": "#000033"}}).json()
    assert "color: #ffffff" in page(dark["url"], owner, "style.css")[1]


def test_other_hosts_are_not_loaded(api: Api, owner: User) -> None:
    """A logo, a video and their like are accepted with a warning and are not on the page."""
    body = {"name": "video-summary", "videoUrl": "https://cdn.example.com/v.mp4", "logo": "https://cdn.example.com/l.png", "readOnly": True}
    made = api.request("POST", "/experiences", {**body, "summaryURLExpiresIn": 0}).json()
    for field in ("videoUrl", "logo", "readOnly"):
        assert f"{field} is not used: " in made["warning"]
    assert "cdn.example.com" not in page(made["url"], owner)[1]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "other"}, "name"),
        ({"color": {"background": "red; } body { display: none"}}, "color.background"),
        ({"font": {"family": '"; } *'}}, "font.family"),
        ({"logo": "javascript:alert(1)"}, "logo"),
        ({"summaryURLExpiresIn": -1}, "summaryURLExpiresIn"),
    ],
)
def test_invalid_options(api: Api, fields: dict[str, object], field: str) -> None:
    """400 names the option; no page is made."""
    answer = api.request("POST", "/experiences", {"name": "text-summary", **fields})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(f"{field}: ")
    assert not Experience.objects.exists()


def test_it_expires_and_can_be_removed(api: Api, owner: User) -> None:
    """After `summaryURLExpiresIn` seconds, or a DELETE, the page does not exist."""
    made = api.request("POST", "/experiences", {"name": "text-summary", "summaryURLExpiresIn": 60}).json()
    assert page(made["url"], owner)[0] == 200
    Experience.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert page(made["url"], owner)[0] == 404
    made = api.request("POST", "/experiences", {"name": "text-summary"}).json()
    assert api.request("DELETE", f"/experiences/{made['id']}").json() == {"id": made["id"], "type": "experience", "deleted": True}
    assert page(made["url"], owner)[0] == 404
    assert api.request("DELETE", f"/experiences/{made['id']}").status_code == 404


def test_the_oldest_pages_are_replaced(api: Api, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A conversation has at most MOST pages; a new one replaces the oldest."""
    monkeypatch.setattr(experiences, "MOST", 2)
    urls = [api.request("POST", "/experiences", {"name": "text-summary"}).json()["url"] for _ in range(3)]
    assert [page(url, owner)[0] for url in urls] == [404, 200, 200]


def test_urls_of_the_portal(api: Api, talk: Conversation, other_owner: User) -> None:
    """The calls of Symbl's Go SDK for the list and for a conversation; another account's conversation does not exist."""
    api.root = "/v1/conversations/experiences/insights"
    assert api.read("/list", includeCallScore="true") == {"url": "http://testserver/conversations/"}
    assert api.read(f"/details/{talk.pk}", includeCallScore="true") == {"url": f"http://testserver/conversations/{talk.pk}/"}
    api.token = token_of(other_owner)
    assert api.get(f"/details/{talk.pk}").status_code == 404


def test_the_path_of_the_go_sdk(api: Api, owner: User) -> None:
    """POST to `/summary` makes a page, too; GET still returns the summary."""
    made = api.request("POST", "/summary", {"name": "verbose-text-summary"}).json()
    assert page(made["url"], owner)[0] == 200
    assert api.read("/summary")["summary"]


def test_the_url_of_a_recording(api: Api, other_owner: User) -> None:
    """It is accepted with a warning; a text that is no URL gets 400, another account's conversation 404."""
    answer = api.request("PUT", "/experiences/url", {"url": "https://cdn.example.com/call.mp3"})
    assert answer.status_code == 200
    assert answer.json()["warning"].startswith("url is not used: ")
    assert api.request("PUT", "/experiences/url", {"url": "call.mp3"}).json()["message"].startswith("url: ")
    api.token = token_of(other_owner)
    assert api.request("PUT", "/experiences/url", {"url": "https://cdn.example.com/call.mp3"}).status_code == 404


def test_null_is_no_value(api: Api) -> None:
    """Colours, fonts and URLs may be null."""
    body = {"name": "text-summary", "color": {"background": None}, "font": {"family": None}, "logo": None, "videoUrl": None}
    assert api.request("POST", "/experiences", body).status_code == 200


def make_public(owner: User, *, audio: bool = False) -> None:
    """Let the summary pages of an account be public."""
    AccountSettings.objects.update_or_create(user=owner, defaults={"public_summaries": True, "public_summary_audio": audio})


def test_a_public_page(api: Api, owner: User, talk: Conversation) -> None:
    """With the setting, whoever has the URL reads summary, topics and insights, in the requested look, and nothing leads elsewhere."""
    make_public(owner)
    body = {"name": "verbose-text-summary", "color": {"background": "#FFcc00"}, "summaryURLExpiresIn": 3600}
    made = api.request("POST", "/experiences", body).json()
    assert "warning" not in made
    path = urlsplit(made["url"]).path
    assert path.startswith("/shared/")
    response = Client().get(path)
    text = response.content.decode()
    assert response.status_code == 200
    assert "Ada will send the budget report tomorrow." in text
    assert f"/conversations/{talk.pk}/" not in text
    assert "<audio" not in text
    assert (response.headers["X-Robots-Tag"], response.headers["Referrer-Policy"]) == ("noindex, nofollow", "no-referrer")
    assert f'href="{path}style.css"' in text
    assert "background: #ffcc00;" in Client().get(f"{path}style.css").content.decode()
    link = ShareLink.objects.get()
    experience = Experience.objects.get()
    assert (link.kind, link.expires_at, link.audio) == ("summary", experience.expires_at, False)


def test_without_the_setting_or_by_an_editor_the_page_is_private(api: Api, owner: User, other_owner: User, talk: Conversation) -> None:
    """Only the owner's own calls publish, and only with the setting."""
    assert "/conversations/" in api.request("POST", "/experiences", {"name": "text-summary"}).json()["url"]
    make_public(owner)
    make_public(other_owner)
    access.share_with_person(talk, other_owner.email, AccessLevel.EDIT)
    api.token = token_of(other_owner)
    assert "/conversations/" in api.request("POST", "/experiences", {"name": "text-summary"}).json()["url"]
    assert not ShareLink.objects.exists()


def test_a_public_page_is_listed_and_withdrawn(api: Api, owner: User, talk: Conversation) -> None:
    """The Share dialog lists it; withdrawn, expired and removed pages answer 410, also to HEAD, and have neither style nor audio."""
    make_public(owner)
    pages = []
    for _ in range(3):
        made = api.request("POST", "/experiences", {"name": "text-summary"}).json()
        assert "summaryURLExpiresIn: a public link expires after 90 days" in made["warning"]
        pages.append((made["id"], urlsplit(made["url"]).path))
    client, anybody = Client(), Client()
    client.force_login(owner)
    dialog = f"/conversations/{talk.pk}/share/"
    shown = client.get(dialog).content.decode()
    assert all(f"http://testserver{path}" in shown for _, path in pages)
    assert [anybody.head(path).status_code for _, path in pages] == [200, 200, 200]
    withdrawn, expired = ShareLink.objects.get(experience_id=pages[0][0]), ShareLink.objects.get(experience_id=pages[1][0])
    client.post(dialog, {"do": "withdraw", "link": str(withdrawn.pk)})
    ShareLink.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
    api.request("DELETE", f"/experiences/{pages[2][0]}")
    for _, path in pages:
        assert anybody.head(path).status_code == 410
        answer = anybody.get(path)
        assert answer.status_code == 410
        assert "budget" not in answer.content.decode()
        assert anybody.get(f"{path}style.css").status_code == 404
        assert anybody.get(f"/v1{path}audio").status_code == 404
    assert "public summary page" not in client.get(dialog).content.decode()
    assert page(f"/conversations/{talk.pk}/experiences/{pages[0][0]}/", owner)[0] == 200, "those who may see the conversation still read it"


def test_the_audio_of_a_public_page(api: Api, owner: User, talk: Conversation) -> None:
    """Only pages of the kind audio-summary have it, and only with its checkbox."""
    StoredAudio.objects.create(conversation=talk, session_id=uuid4(), started_at=talk.started_at, state="stored", name="a.ogg", seconds=1.0)
    shown = []
    for audio in (False, True):
        make_public(owner, audio=audio)
        for name in ("text-summary", "audio-summary"):
            path = urlsplit(api.request("POST", "/experiences", {"name": name}).json()["url"]).path
            shown.append(f'src="/v1{path}audio"' in Client().get(path).content.decode())
    assert shown == [False, False, False, True]


def test_the_oldest_public_links_are_replaced(api: Api, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A conversation has at most MOST_SUMMARY_LINKS of them, and they leave room for the links of the dialog."""
    monkeypatch.setattr(links, "MOST_SUMMARY_LINKS", 2)
    monkeypatch.setattr(links, "MOST_LINKS", 1)
    make_public(owner)
    paths = [urlsplit(api.request("POST", "/experiences", {"name": "text-summary"}).json()["url"]).path for _ in range(3)]
    assert [Client().get(path).status_code for path in paths] == [404, 200, 200]
    access.create_public_link(Conversation.objects.get(), 7, audio=False)


def test_the_secret_of_a_summary_page_opens_nothing_else(api: Api, owner: User, talk: Conversation) -> None:
    """It shows no transcript, and lets nobody join."""
    make_public(owner)
    path = urlsplit(api.request("POST", "/experiences", {"name": "text-summary"}).json()["url"]).path
    assert 'id="said"' not in Client().get(path).content.decode()
    assert Client().get(path.replace("/shared/", "/join/")).status_code == 404
    public = access.secret_of(access.create_public_link(talk, 7, audio=False))
    assert Client().get(f"/shared/{public}/style.css").status_code == 404
