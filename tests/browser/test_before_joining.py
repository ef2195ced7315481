"""The live page before somebody joins: conversations that begin and end at its address."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import page_errors, recorded_speech, sign_in
from tests.browser.test_accessibility import faults
from tests.browser.test_live import begin, end, enter, run_server
from tests.servers import Server

TOM = """
from django.contrib.auth.models import User
from tests.browser.sessions import keep_session
User.objects.create_user("tom@example.com", "tom@example.com", "correct horse battery", first_name="Tom")
keep_session("tom@example.com")
"""
SHARE = """
from insights import access
from insights.models import AccessLevel, Conversation
access.share_with_person(Conversation.objects.get(name="Budget with Tom"), "tom@example.com", AccessLevel.EDIT)
"""


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that recognises one sentence in each two seconds of audio, and an account on it."""
    yield from run_server(account_data, tmp_path_factory.mktemp("server"), "scripted")


def test_a_conversation_begins_and_ends_at_the_address_of_an_open_page(server: Server, open_browser: Callable[..., Browser]) -> None:
    """A page that nobody has joined shows it within seconds, without a reload, with what was typed; then the new one can be started."""
    waiting = enter(open_browser(recorded_speech()), server)
    troubles = page_errors(waiting)
    waiting.goto(f"{server.url}/live/")
    waiting.get_by_label("Your name").fill("Ben")
    speaker = waiting.context.new_page()
    begin(speaker, server, "Budget", urlsplit(waiting.url).path)
    waiting.bring_to_front()
    seen = {"timeout": 10_000}
    expect(waiting.get_by_role("heading", name="Join the conversation")).to_be_visible(**seen)
    expect(waiting.get_by_role("heading", name="Budget")).to_be_visible()
    expect(waiting.locator("#pill")).to_have_text("Live")
    expect(waiting.get_by_label("Title")).to_be_hidden()
    expect(waiting.get_by_label("Your name")).to_have_value("Ben")
    expect(waiting.get_by_role("link", name="Watch only")).to_be_visible()
    assert faults(waiting) == []
    end(speaker)
    waiting.bring_to_front()
    expect(waiting.get_by_role("heading", name="Start a conversation")).to_be_visible(**seen)
    last = waiting.get_by_role("link", name="open it").get_attribute("href")
    assert last == urlsplit(speaker.url).path
    expect(waiting.locator("#pill")).to_have_text("Not started")
    begin(speaker, server, "Again", urlsplit(waiting.url).path)
    waiting.bring_to_front()
    waiting.get_by_role("button", name="Join and speak").click(**seen)
    expect(waiting.locator("#turns .who strong", has_text="Ben").first).to_be_visible()
    expect(waiting.get_by_role("heading", name="Again")).to_be_visible()
    assert troubles == []


def test_an_open_page_offers_a_conversation_that_somebody_shares(server: Server, open_browser: Callable[..., Browser]) -> None:
    """It is named with its owner, without a reload; the link opens it as somebody who may speak in it; after its end the offer is gone."""
    speaker = enter(open_browser(recorded_speech()), server)
    begin(speaker, server, "Budget with Tom")
    server.manage("shell", "--no-imports", "-v0", "-c", TOM)
    waiting = open_browser(recorded_speech()).new_context(permissions=["microphone"], reduced_motion="reduce").new_page()
    sign_in(waiting, server, "tom@example.com")
    troubles = page_errors(waiting)
    waiting.goto(server.url + urlsplit(speaker.url).path)
    expect(waiting.locator("#pill")).to_have_text("Not started")
    server.manage("shell", "--no-imports", "-v0", "-c", SHARE)
    expect(waiting.get_by_text("Jane Doe shares a live conversation at this address with you: Budget with Tom.")).to_be_visible()
    assert faults(waiting) == []
    opened = waiting.context.new_page()
    opened.goto(waiting.url)
    expect(opened.get_by_role("button", name="Join and speak")).to_be_enabled()
    opened.close()
    assert waiting.get_by_role("link", name="Open it", exact=True).get_attribute("href") == urlsplit(waiting.url).path
    end(speaker)
    waiting.bring_to_front()
    expect(waiting.locator("#shared")).to_be_hidden()
    assert troubles == []
