"""Home and search in a browser: from a result to its sentence, a task done from home, each state without faults, on a telephone too."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import sign_in
from tests.browser.test_accessibility import faults
from tests.browser.test_bin_page import PHONE, fits
from tests.servers import Server, copied

HIGHLIGHTED = """
    () => [...(CSS.highlights.get("found") ?? [])].map((range) => range.toString().toLowerCase())
"""
SMALLEST = {"width": 320, "height": 700}


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an account that has no conversation."""
    server = Server(copied(account_data, tmp_path_factory.mktemp("search") / "data"), {"RECOGNISER": "scripted"})
    server.start()
    yield server
    server.kill()


def shot(page: Page, name: str) -> None:
    """Write a picture of the page into the folder PARLEY_PICTURES, if it is set."""
    if folder := os.environ.get("PARLEY_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def looked_at(page: Page, name: str) -> None:
    """Check a state of a page: no fault of axe, and nothing wider than a small screen."""
    assert faults(page) == [], name
    size = page.viewport_size or PHONE
    shot(page, name)
    for narrow in (PHONE, SMALLEST):
        page.set_viewport_size(narrow)
        assert fits(page), name
    page.set_viewport_size(PHONE)
    shot(page, f"{name}-phone")
    page.set_viewport_size(size)


def test_from_the_first_run_to_a_sentence_and_a_task(server: Server, open_browser: Callable[..., Browser]) -> None:
    """First run, sample conversation, search, a result at its sentence with the words highlighted; a task done from home is seen live."""
    context = open_browser().new_context()
    page = context.new_page()
    sign_in(page, server)
    page.goto(f"{server.url}/")
    looked_at(page, "first-run")
    page.goto(f"{server.url}/conversations/")
    looked_at(page, "list-empty")
    page.goto(f"{server.url}/")
    page.get_by_role("button", name="Open a sample conversation").click()
    page.get_by_text("pricing page").first.wait_for()
    conversation = page.url

    page.get_by_role("link", name="Conversations").click()
    box = page.get_by_role("searchbox")
    box.press_sequentially("friday page")
    hit = page.get_by_role("link", name="send you the page by Friday")
    expect(hit).to_be_visible()
    expect(hit.locator("mark").first).to_have_text("page")
    looked_at(page, "results")
    page.get_by_text("Search tips").click()
    looked_at(page, "tips")
    hit.click()
    page.wait_for_url("**/conversations/*/?find=*#m-*")
    sentence = page.locator(f"[id='{page.url.split('#')[1]}']")
    expect(sentence).to_contain_text("by Friday")
    expect(sentence).to_be_in_viewport()
    assert sorted(page.evaluate(HIGHLIGHTED)) == ["friday", "page"]

    for query, shown in (
        ("zeppelin", "No results for “zeppelin”"),
        ("page type:nonsense", "there is no type “nonsense”"),
        ("pricing of zeppelins", "Related messages"),
    ):
        page.goto(f"{server.url}/conversations/?q={query}")
        expect(page.get_by_text(shown).first).to_be_visible()
        looked_at(page, query.split()[-1])

    other = context.new_page()
    other.goto(conversation)
    page.goto(f"{server.url}/?tasks=all")
    looked_at(page, "home")
    first = page.locator(".task .tick").first
    text = (first.get_attribute("aria-label") or "").removeprefix("Mark as done: ")
    first.click()
    expect(page.get_by_role("button", name=f"Mark as open: {text}").first).to_be_focused()
    expect(page.locator("#task-status")).to_have_text("Marked as done.")
    looked_at(page, "home-done")
    expect(other.locator(".insight.done").filter(has_text=text).first).to_be_attached()
    page.reload()
    expect(page.get_by_role("button", name=f"Mark as done: {text}")).to_have_count(0)
