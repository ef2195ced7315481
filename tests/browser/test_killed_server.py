"""kill -9 of the server while people work with its pages: what was done stays, open pages reconnect, and what failed says so.

Uploads are killed in test_upload_page, speech in test_live, a mail in tests/paths/test_notifications.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import EMAIL, PASSWORD, PATIENCE_MS, page_errors, sign_in
from tests.servers import Server, copied

TOM = "tom@example.com"
CLOSED_WITHIN_MS = 40_000
"""Four times the ten seconds that are promised."""
NOTICED_WITHIN_MS = 5_000
SET_UP = f"""
from django.contrib.auth.models import User
from insights.portal.sample import store_sample
from tests.browser.sessions import keep_session
jane = User.objects.get(username={EMAIL!r})
User.objects.create_user({TOM!r}, {TOM!r}, {PASSWORD!r}, first_name="Tom")
keep_session({TOM!r})
print(store_sample(jane.pk))
"""
UNREACHABLE = "The server cannot be reached."


@dataclass(frozen=True)
class Site:
    """A server, and the id of the conversation on it."""

    server: Server
    conversation: str

    @property
    def address(self) -> str:
        """The URL of the page of the conversation."""
        return f"{self.server.url}/conversations/{self.conversation}/"


@pytest.fixture(scope="module")
def data(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The data of a server with two accounts and the sample conversation of one, to be copied."""
    server = Server(copied(account_data, tmp_path_factory.mktemp("killed") / "data"))
    return Site(server, server.manage("shell", "--no-imports", "-v0", "-c", SET_UP).strip().splitlines()[-1])


@pytest.fixture
def site(data: Site, tmp_path: Path) -> Iterator[Site]:
    """A server with these data."""
    server = Server(copied(data.server.data, tmp_path / "data"), {"RECOGNISER": "scripted"})
    server.start()
    yield Site(server, data.conversation)
    server.kill()


@pytest.fixture
def enter(open_browser: Callable[..., Browser], site: Site) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a window of an account; its pages must not have had an exception."""
    browser, errors = open_browser(), []

    def signed_in(email: str = EMAIL) -> Page:
        page = browser.new_context().new_page()
        errors.append(page_errors(page))
        sign_in(page, site.server, email)
        return page

    yield signed_in
    assert [one for found in errors for one in found] == []


def share(page: Page, email: str, level: str) -> None:
    """Share the conversation whose page is open, in its dialog."""
    page.wait_for_load_state()
    page.get_by_role("button", name="Share", exact=True).click()
    page.locator("#share-address").fill(email)
    page.locator("#share-level").select_option(label=level)
    page.locator("form", has=page.locator("#share-address")).get_by_role("button", name="Share").click()
    expect(page.get_by_text("Shared.")).to_be_visible()


def restart(site: Site) -> None:
    """Kill the server and start it again."""
    site.server.kill()
    site.server.start()


def test_a_share_and_its_end(site: Site, enter: Callable[..., Page]) -> None:
    """The share is there after the crash; one that ends just before a crash closes the page of the other person after it."""
    owner, colleague = enter(), enter(TOM)
    owner.goto(site.address)
    share(owner, TOM, "Can view")
    restart(site)
    colleague.goto(site.address)
    expect(colleague.get_by_text("Shared by Jane Doe")).to_be_visible()
    expect(colleague.locator(".message").first).to_be_visible()
    owner.get_by_role("button", name=f"Remove access of {TOM}").click()
    expect(owner.get_by_text("Access removed.")).to_be_visible()
    site.server.kill()
    expect(colleague.locator(".message").first).to_be_visible()
    site.server.start()
    expect(colleague.get_by_text("is no longer shared with you")).to_be_visible(timeout=CLOSED_WITHIN_MS)
    gone = colleague.goto(site.address)
    assert gone is not None
    assert gone.status == 404
    owner.reload()
    owner.wait_for_load_state()
    owner.get_by_role("button", name="Share", exact=True).click()
    expect(owner.get_by_text("Only you can see this conversation.")).to_be_visible()


def test_sharing_while_the_server_is_away_says_so(site: Site, enter: Callable[..., Page]) -> None:
    """The dialog stays open, and works once the server is back."""
    owner = enter()
    owner.goto(site.address)
    share(owner, TOM, "Can view")
    site.server.kill()
    owner.get_by_role("button", name=f"Remove access of {TOM}").click()
    expect(owner.get_by_role("alert")).to_have_text("No connection. Try again.")
    site.server.start()
    owner.get_by_role("button", name=f"Remove access of {TOM}").click()
    expect(owner.get_by_text("Access removed.")).to_be_visible()


def test_a_public_page_closes_after_a_crash(site: Site, enter: Callable[..., Page], open_browser: Callable[..., Browser]) -> None:
    """Nobody is signed in on it; the link ends while the server is killed and started."""
    owner = enter()
    owner.goto(site.address)
    owner.wait_for_load_state()
    owner.get_by_role("button", name="Share", exact=True).click()
    owner.get_by_role("button", name="Create link").click()
    link = owner.get_by_label("Without audio, until").input_value()
    visitor = open_browser().new_context().new_page()
    visitor.set_default_timeout(PATIENCE_MS)
    visitor.goto(link)
    expect(visitor.get_by_role("heading", name="Transcript")).to_be_visible()
    owner.get_by_role("button", name="Withdraw this link").click()
    expect(owner.get_by_text("Link withdrawn.")).to_be_visible()
    restart(site)
    expect(visitor.get_by_role("heading", name="Link withdrawn")).to_be_visible(timeout=CLOSED_WITHIN_MS)


def test_an_edit_is_seen_by_the_other(site: Site, enter: Callable[..., Page]) -> None:
    """An edit that was saved just before the crash, and one after it; one while the server is unreachable fails with a reason."""
    owner, colleague = enter(), enter(TOM)
    owner.goto(site.address)
    share(owner, TOM, "Can edit")
    owner.get_by_role("button", name="Close").click()
    colleague.goto(site.address)
    words = str(colleague.locator(".message").first.text_content())

    def edit(text: str) -> None:
        owner.locator(".message").first.click()
        owner.keyboard.press("e")
        owner.keyboard.press("End")
        owner.keyboard.type(text)
        owner.keyboard.press("Enter")

    edit(" One.")
    expect(owner.locator(".toast")).to_contain_text("Undo")
    site.server.kill()
    edit(" Two.")
    expect(owner.locator(".toast")).to_contain_text(UNREACHABLE)
    site.server.start()
    expect(colleague.locator(".message").first).to_have_text(f"{words} One.")
    owner.reload()
    expect(owner.locator(".message").first).to_have_text(f"{words} One.")
    owner.wait_for_load_state()
    edit(" Three.")
    expect(colleague.locator(".message").first).to_have_text(f"{words} One. Three.")


def test_a_task_is_done_from_home(site: Site, enter: Callable[..., Page]) -> None:
    """While the server is unreachable the button says so and the task stays open; what was done before the crash stays done."""
    page = enter()
    page.goto(f"{site.server.url}/?tasks=all")
    page.wait_for_load_state()
    tick = page.locator(".task .tick").first
    text = str(tick.get_attribute("aria-label")).removeprefix("Mark as done: ")
    site.server.kill()
    tick.click()
    expect(page.locator(".toast")).to_contain_text(UNREACHABLE)
    site.server.start()
    tick.click()
    expect(page.get_by_role("button", name=f"Mark as open: {text}").first).to_be_focused()
    restart(site)
    page.reload()
    expect(page.locator(".task .tick").first).to_be_visible()
    expect(page.get_by_role("button", name=f"Mark as done: {text}")).to_have_count(0)


def test_a_result_opens_at_its_sentence(site: Site, enter: Callable[..., Page]) -> None:
    """The results stay while the server is unreachable, a new search says so, and afterwards both lead to the sentence."""
    page = enter()
    page.goto(f"{site.server.url}/conversations/")
    page.wait_for_load_state()
    box = page.get_by_role("searchbox")
    box.press_sequentially("friday page")
    hit = page.get_by_role("link", name="send you the page by Friday")
    expect(hit).to_be_visible()
    site.server.kill()
    box.press_sequentially(" pricing")
    expect(page.locator(".toast")).to_contain_text(UNREACHABLE)
    expect(hit).to_be_visible()
    site.server.start()
    box.fill("friday page")
    expect(hit).to_be_visible()
    hit.click()
    page.wait_for_url(re.compile(r"/conversations/\d+/\?find=.*#m-"))
    sentence = page.locator(f"[id='{page.url.split('#')[1]}']")
    expect(sentence).to_contain_text("by Friday")
    expect(sentence).to_be_in_viewport()


def test_a_stream_comes_back(site: Site, enter: Callable[..., Page]) -> None:
    """The page says within seconds that the server is gone, tries again by itself, and at once when it is asked to."""
    page = enter()
    page.context.grant_permissions(["microphone"])
    page.goto(f"{site.server.url}/streams/echo/")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#pill")).to_have_text("Live now")
    site.server.kill()
    expect(page.locator("#pill")).to_have_text("Reconnecting", timeout=NOTICED_WITHIN_MS)
    expect(page.get_by_role("button", name="Try now")).to_be_visible()
    site.server.start()
    page.get_by_role("button", name="Try now").click()
    expect(page.locator("#pill")).to_have_text("Live now")
    expect(page.get_by_role("button", name="Try now")).to_be_hidden()
    expect(page.locator("#alerts")).to_be_empty()
