"""The live page with audio over WebRTC: the same conversation as over WebSocket, and a connection that may lose words but comes back."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import page_errors, recorded_speech
from tests.browser.test_accessibility import faults
from tests.browser.test_live import TOLD, end, enter, run_server, said
from tests.servers import Server

LOOPBACK = "--disable-features=WebRtcHideLocalIpsWithMdns"
"""Candidates of this machine have its addresses: no name server of a local network answers here."""


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that recognises one sentence in each two seconds of audio, and an account on it."""
    yield from run_server(account_data, tmp_path_factory.mktemp("rtc"), "scripted")


@pytest.fixture
def page(server: Server, open_browser: Callable[..., Browser]) -> Page:
    """A signed-in window with a microphone."""
    return enter(open_browser(recorded_speech(), LOOPBACK), server)


def begin(page: Page, server: Server, title: str) -> None:
    """Open the live page, choose WebRTC, and start to speak."""
    page.goto(f"{server.url}/live/")
    page.get_by_label("Title").fill(title)
    page.get_by_text("Connection", exact=True).click()
    expect(page.get_by_label("Send the audio over")).to_have_value("websocket")
    page.get_by_label("Send the audio over").select_option("webrtc")
    page.locator("#start").click()
    expect(page.locator("#status")).to_have_text("Listening")


def test_it_is_the_same_conversation(server: Server, page: Page) -> None:
    """Words, title, speaker and end are stored as over WebSocket; the page says that words may be lost."""
    errors = page_errors(page)
    begin(page, server, "Over WebRTC")
    expect(page.locator("#detail")).to_have_text("Over WebRTC, words may be lost on a bad network.")
    expect(page.locator(TOLD).nth(1)).to_be_visible()
    expect(page.locator("#turns .who strong").first).to_have_text("Jane Doe")
    expect(page.locator("#insights [data-kind=question]").first).to_be_visible()
    expect(page.locator("#present")).to_have_text("Jane Doe")
    assert faults(page) == []
    page.get_by_role("button", name="Mute", exact=True).click()
    expect(page.locator("#status")).to_have_text("Muted")
    page.get_by_role("button", name="Unmute").click()
    count = page.locator(TOLD).count()
    expect(page.locator(TOLD).nth(count)).to_be_visible()
    end(page)
    assert page.locator("h1").inner_text() == "Over WebRTC"
    assert page.get_by_text("Live now").count() == 0
    assert set(page.locator(".turn .name").all_inner_texts()) == {"Jane Doe"}
    assert "Shall we start with the budget?" in said(page)
    assert errors == []


def test_a_crash_of_the_server(server: Server, page: Page) -> None:
    """What was stored stays, once; the page connects to the new server, and words go on in the same conversation."""
    begin(page, server, "Crash")
    expect(page.locator(TOLD).nth(1)).to_be_visible()
    server.kill()
    expect(page.locator("#status")).to_have_text("Connection lost")
    expect(page.locator("#detail")).to_contain_text("What you say now is lost.")
    before = said(page)
    server.start()
    expect(page.locator("#status")).to_have_text("Listening")
    expect(page.locator(TOLD).nth(len(before) + 1)).to_be_visible()
    live = said(page)
    assert live[: len(before)] == before
    end(page)
    assert said(page)[: len(live)] == live
    assert page.locator("h1").inner_text() == "Crash"
