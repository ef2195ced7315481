"""Private notes in a browser: on the live page, through a crash of the server and a reload, and on the page of the conversation."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import page_errors, recorded_speech
from tests.browser.test_accessibility import faults
from tests.browser.test_live import TOLD, begin, end, enter, run_server
from tests.servers import Server

NOTE = "#note-list textarea"


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that recognises one sentence in each two seconds of audio, and an account on it."""
    yield from run_server(account_data, tmp_path_factory.mktemp("notes"), "scripted")


def written(page: Page) -> list[str]:
    """Return the notes on a page, without the empty line at the end."""
    return [text for text in page.locator(NOTE).evaluate_all("all => all.map((one) => one.value)") if text]


def places(page: Page) -> list[str]:
    """Return the times beside the notes."""
    return [text for text in page.locator("#note-list .place").all_text_contents() if text]


def saved(page: Page) -> None:
    """Wait until everything is stored."""
    expect(page.locator("#notes-status")).to_have_text("Saved")


def test_notes_survive_a_crash_and_a_reload(server: Server, open_browser: Callable[..., Browser]) -> None:
    """What is typed while the server is unreachable is stored when it is back, once, with the time at which it was begun."""
    page = enter(open_browser(recorded_speech()), server)
    troubles = page_errors(page)
    begin(page, server)
    expect(page.locator(TOLD).first).to_be_visible()
    page.locator(NOTE).last.press_sequentially("Before the crash")
    saved(page)
    page.keyboard.press("Enter")
    page.keyboard.type("Half a")
    server.kill()
    expect(page.locator("#status")).to_have_text("Connection lost")
    page.keyboard.type(" sentence")
    expect(page.locator("#notes-status")).to_have_text(re.compile("^Not saved yet"))
    begun = places(page)
    server.start()
    saved(page)
    expect(page.locator("#status")).to_have_text("Listening")
    page.keyboard.press("Enter")
    page.keyboard.type("Just before the reload")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.locator(NOTE)).to_have_count(4)
    assert written(page) == ["Before the crash", "Half a sentence", "Just before the reload"]
    assert places(page)[:2] == begun
    page.locator("#start").click()
    expect(page.locator("#status")).to_have_text("Listening")
    assert faults(page) == []
    end(page)
    assert written(page) == ["Before the crash", "Half a sentence", "Just before the reload"]
    assert faults(page) == []
    assert troubles == []


def test_notes_on_the_page_of_the_conversation(server: Server, open_browser: Callable[..., Browser]) -> None:
    """A place leads to the sentence; notes are added, changed and deleted there, and exported if wanted."""
    page = enter(open_browser(recorded_speech()), server, viewport={"width": 390, "height": 800})
    begin(page, server)
    page.get_by_role("button", name="Notes").click()
    page.locator(NOTE).last.press_sequentially("Early")
    saved(page)
    link = page.locator("#note-list .place").first
    assert re.search(r"/conversations/\d{16}/\?at=\d+$", link.get_attribute("href") or "")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Transcript").click()
    expect(page.locator(TOLD).nth(2)).to_be_visible()
    page.get_by_role("button", name="Notes").click()
    page.locator(NOTE).last.press_sequentially("Later")
    saved(page)
    end(page)
    page.locator("#note-list .place").nth(1).click()
    expect(page.locator(".message.selected")).to_have_count(1)
    assert page.locator(".message").first.get_attribute("class") != page.locator(".message.selected").get_attribute("class")
    page.locator(NOTE).first.press("End")
    page.keyboard.type(" bird")
    saved(page)
    page.locator("#note-list li").nth(1).get_by_role("button", name="Delete the note").click()
    saved(page)
    page.get_by_role("button", name="Export").click()
    page.get_by_label("Include my notes").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Text (.txt)").click()
    assert re.search(r"My notes\n- \d+:\d\d Early bird\n$", download.value.path().read_text())
    page.reload()
    assert written(page) == ["Early bird"]
