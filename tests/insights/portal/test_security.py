"""The security headers, and that no page loads anything from another host."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory

from insights.portal.security import content_security, policy
from tests.insights.portal.conftest import MakeConversation, add_insight

STATIC = Path(settings.BASE_DIR) / "insights" / "static" / "parley"
NAMES_NOT_ADDRESSES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml")
PAGES = ["/", "/signin/", "/nothing-here/", "/live/room/", "/watch/room/"]


def outside(text: str, host: str = "testserver") -> list[str]:
    """Return the URLs of other hosts in a text, without XML namespaces, which no browser loads."""
    found = re.findall(r"""(?:https?:|wss?:|(?<=["'(=]))//[\w.-]+[^\s"'<>)`]*""", text)
    return [url for url in found if url not in NAMES_NOT_ADDRESSES and f"//{host}/" not in url]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_allows_its_own_origin_only(user_client: Client, make_conversation: MakeConversation, path: str) -> None:
    """The policy of every page, error pages too, allows its own origin and no inline scripts or styles."""
    make_conversation(live=True, connection="room")
    answer = user_client.get(path)
    rules = dict(rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; "))
    assert rules["default-src"] == "'self'"
    assert rules["connect-src"] == "'self' ws://testserver wss://testserver"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Permissions-Policy"].startswith("microphone=(self)")
    text = answer.content.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_names_another_host(user_client: Client, make_conversation: MakeConversation, path: str) -> None:
    """Links, sources and forms name no other host."""
    conversation = make_conversation(lines=[("Ada", "Who can?")], live=True, connection="room")
    add_insight(conversation, 1)
    for address in (path, f"/conversations/{conversation.id}/"):
        assert outside(user_client.get(address).content.decode()) == []


def test_no_static_file_names_another_host() -> None:
    """Stylesheets, scripts and images, also vendored ones, name no other host."""
    files = [file for file in STATIC.rglob("*") if file.suffix in (".css", ".js", ".svg")]
    assert len(files) > 10
    assert {file.name: found for file in files if (found := outside(file.read_text()))} == {}


def test_the_search_finds_urls_of_other_hosts() -> None:
    """The search finds a URL of another host, so the tests above can fail."""
    assert outside('<script src="https://cdn.example/x.js"> url(//fonts.example/a) http://www.w3.org/2000/svg') == [
        "https://cdn.example/x.js",
        "//fonts.example/a",
    ]


def test_every_named_static_file_exists(user_client: Client, make_conversation: MakeConversation) -> None:
    """Templates and script imports name existing files."""
    make_conversation(live=True, connection="room")
    named = {name for path in PAGES for name in re.findall(r"/static/parley/([^\"']+)", user_client.get(path).content.decode())}
    assert named
    assert [name for name in named if not (STATIC / name).is_file()] == []
    for script in (STATIC / "js").glob("*.js"):
        for name in re.findall(r"""(?:from |URL\()"\./([\w-]+\.js)\"""", script.read_text()):
            assert (STATIC / "js" / name).is_file(), f"{script.name} imports {name}"


@pytest.mark.django_db
async def test_asynchronous_responses_have_the_headers(async_client: AsyncClient) -> None:
    """The middleware works on the event loop too."""
    answer = await async_client.get("/nothing-here/")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")


def test_a_view_may_bring_a_stricter_policy() -> None:
    """The middleware keeps a policy that the view has set."""

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Content-Security-Policy": "default-src 'none'"})

    answer = content_security(view)(RequestFactory().get("/"))
    assert isinstance(answer, HttpResponse)
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"


def test_a_foreign_host_name_gets_into_no_policy() -> None:
    """The response to an invalid host name has a policy without that name."""
    assert "evil" not in policy(RequestFactory().get("/", headers={"host": "evil.example"}))
