"""The main paths with the keyboard alone: sign in, search, open, edit, assign, share, upload, sign out. The focus is always visible."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import EMAIL, PASSWORD, PATIENCE_MS, page_errors
from tests.browser.test_accessibility import faults
from tests.browser.test_every_page import too_wide
from tests.servers import Server, copied

TOM = "tom@example.com"
MOST_STOPS = 150
SET_UP = f"""
from django.contrib.auth.models import User
from insights import managed
from insights.portal.sample import store_sample
jane = User.objects.get(username={EMAIL!r})
tom = User.objects.create_user({TOM!r}, {TOM!r}, {PASSWORD!r}, first_name="Tom", last_name="Baker")
User.objects.create_user("eve@example.com", "eve@example.com", {PASSWORD!r}, first_name="Eve")
managed.add_person(managed.create_team(jane, "Sales"), tom.email)
store_sample(jane.pk)
"""
FOCUS = """
    () => {
      const { outlineStyle, boxShadow } = getComputedStyle(document.activeElement);
      if (document.activeElement.type === "date") return true; // the browser marks the part that has the focus
      return document.activeElement !== document.body && (outlineStyle !== "none" || boxShadow !== "none");
    }
"""
"""Whether what has the focus shows it."""


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a team of two, somebody else, and a conversation."""
    env = {"RECOGNISER": "scripted"}
    server = Server(copied(account_data, tmp_path_factory.mktemp("keyboard") / "data"), env, worker=True)
    server.manage("shell", "--no-imports", "-v0", "-c", SET_UP)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def page(server: Server, open_browser: Callable[..., Browser]) -> Iterator[Page]:
    """The sign-in page of a window without a pointer."""
    page = open_browser().new_context().new_page()
    page.context.set_default_timeout(PATIENCE_MS)
    errors = page_errors(page)
    page.goto(f"{server.url}/signin/")
    yield page
    assert errors == []


def tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Press Tab until something has the focus; each stop on the way shows it."""
    expect(wanted).to_be_visible()
    expect(wanted).to_be_enabled()
    page.wait_for_load_state()
    for _ in range(MOST_STOPS):
        if wanted.evaluate("wanted => wanted === document.activeElement"):
            return
        page.keyboard.press(key)
        stop = page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        assert page.evaluate("document.activeElement === document.body") or page.evaluate(FOCUS), stop
    raise AssertionError(f"{wanted} is not reached with {key}")


def sign_in(page: Page) -> None:
    """Fill in the form: the address has the focus."""
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type(EMAIL)
    tab_to(page, page.get_by_label("Password"))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Account menu")).to_be_visible()


def test_the_main_paths(server: Server, page: Page) -> None:
    """From the sign-in to a shared conversation with an edited sentence and an assigned task, an upload, and the sign-out."""
    page.on("filechooser", lambda _: None)  # Chromium's own dialog is off from now on; below, a key could come before that
    sign_in(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    tab_to(page, page.get_by_role("link", name="Conversations", exact=True))
    page.keyboard.press("Enter")
    page.wait_for_url("**/conversations/")
    tab_to(page, page.get_by_role("searchbox"))
    page.keyboard.type("friday page")
    tab_to(page, page.get_by_role("link", name="send you the page by Friday"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/conversations/*/?find=*")
    _edit(page)
    _replace(page)
    _rename(page)
    _assign(page)
    _share(page)
    tab_to(page, page.get_by_role("link", name="Home", exact=True), "Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server.url}/")
    tab_to(page, page.get_by_role("link", name="Upload"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/upload/")
    tab_to(page, page.get_by_role("button", name="Choose files"))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files([{"name": "rubbish.mp3", "mimeType": "audio/mpeg", "buffer": b"This is no recording. " * 100}])
    expect(page.locator(".import")).to_contain_text("Failed.")
    tab_to(page, page.get_by_role("button", name="Account menu"), "Shift+Tab")
    page.keyboard.press("Enter")
    for _ in range(MOST_STOPS):
        if page.get_by_role("button", name="Sign out").evaluate("wanted => wanted === document.activeElement"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Password")).to_be_visible()


def _edit(page: Page) -> None:
    """Edit the sentence that the search has opened, and undo it."""
    sentence = page.locator(f"[id='{page.url.split('#')[1]}']")
    expect(sentence).to_be_focused()
    words = str(sentence.text_content())
    page.keyboard.press("e")
    page.keyboard.press("End")
    page.keyboard.type(" Indeed.")
    page.keyboard.press("Enter")
    expect(sentence).to_have_text(f"{words} Indeed.")
    page.keyboard.press("z")
    expect(sentence).to_have_text(words)


def _replace(page: Page) -> None:
    """Find a word, replace it everywhere with Enter, undo it, and leave the dialog with Cancel."""
    page.keyboard.press("/")
    expect(page.locator("#find-words")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("friday")
    expect(page.locator("#find-count")).to_contain_text(" of ")
    places = page.locator(".message", has_text="Friday").count()
    tab_to(page, page.get_by_role("button", name="Replace…"))
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Replace “friday”")
    expect(dialog.get_by_label("Replace with")).to_be_focused()
    assert faults(page) == []
    size = page.viewport_size
    page.set_viewport_size({"width": 320, "height": 700})
    assert too_wide(page) == []
    assert faults(page) == []
    if size:
        page.set_viewport_size(size)
    page.keyboard.type("Monday")
    with page.expect_request(lambda request: request.method == "PATCH" and request.url.endswith("/messages")):
        page.keyboard.press("Enter")
    expect(page.locator(".message", has_text="Monday")).to_have_count(places)
    expect(page.locator(".message", has_text="Friday")).to_have_count(0)
    page.locator("body").evaluate("() => document.activeElement.blur()")
    page.keyboard.press("z")
    expect(page.locator(".message", has_text="Friday")).to_have_count(places)
    page.keyboard.press("/")
    expect(page.locator("#find-count")).to_contain_text(" of ")
    tab_to(page, page.get_by_role("button", name="Replace…"))
    page.keyboard.press("Enter")
    tab_to(page, dialog.get_by_role("button", name="Cancel"))
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator(".message", has_text="Friday")).to_have_count(places)


def _rename(page: Page) -> None:
    """Enter in the field of the dialog gives the conversation its name."""
    tab_to(page, page.locator("[data-do=title]"), "Shift+Tab")
    page.keyboard.press("Enter")
    field = page.get_by_role("dialog").get_by_label("Title")
    expect(field).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("Page by Friday")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Page by Friday")).to_be_visible()


def _assign(page: Page) -> None:
    """Give a task to a team mate who is not in the conversation; the list is filtered as one types."""
    card = page.locator("#section-tasks .insight").first
    tab_to(page, card.get_by_role("button", name="Actions"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#card-menu").get_by_role("button", name="Edit")).to_be_focused()
    page.keyboard.press("Enter")
    field = page.get_by_role("combobox", name="Assigned to")
    tab_to(page, field)
    page.keyboard.press("Control+a")
    page.keyboard.type("bak")
    option = page.get_by_role("option", name=f"Tom Baker {TOM}")
    expect(option).to_be_visible()
    expect(page.get_by_role("option")).to_have_count(1)
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(option).to_be_hidden()
    expect(page.get_by_role("dialog", name="Edit")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", name="eve@example.com")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+a")
    page.keyboard.type("tom b")
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", str(option.get_attribute("id")))
    size = page.viewport_size
    page.set_viewport_size({"width": 320, "height": 700})
    assert too_wide(page) == []
    expect(option).to_be_in_viewport()
    assert faults(page) == []
    if size:
        page.set_viewport_size(size)
    page.keyboard.press("Enter")
    expect(field).to_have_value("Tom Baker")
    tab_to(page, page.get_by_role("dialog", name="Edit").get_by_role("button", name="Save"))
    page.keyboard.press("Enter")
    expect(card).to_contain_text("Tom Baker")


def _share(page: Page) -> None:
    """Share with the person, read a mistake, and close the dialog."""
    tab_to(page, page.get_by_role("button", name="Share", exact=True), "Shift+Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Share")
    assert faults(page) == []
    tab_to(page, dialog.locator("#share-address"))
    page.keyboard.type("nobody@example.com")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("There is no account with this e-mail address.")
    expect(dialog.get_by_role("alert")).to_be_focused()
    assert faults(page) == []
    tab_to(page, dialog.locator("#share-address"))
    page.keyboard.press("Control+a")
    page.keyboard.type(TOM)
    tab_to(page, dialog.locator("#share-level"))
    page.keyboard.press("ArrowDown")
    tab_to(page, dialog.locator("form", has=page.locator("#share-address")).get_by_role("button", name="Share"))
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("status").first).to_have_text("Shared.")
    expect(dialog.get_by_text(re.compile("Can edit")).first).to_be_visible()
    assert faults(page) == []
    tab_to(page, dialog.get_by_role("button", name="Close"))
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
