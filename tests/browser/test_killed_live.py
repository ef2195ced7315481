"""kill -9 of the server while people speak, and of server and worker during an import: nothing is lost and nothing is twice.

The own microphone is killed in test_live, WebRTC in test_live_webrtc, notes in test_notes_page.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import EMAIL, PATIENCE_MS, ROOT, page_errors, recorded_speech, sign_in
from tests.browser.test_live import TAB, TOLD, begin, end, enter, run_server
from tests.paths.test_import import upload
from tests.servers import Server, copied

RECORDING = ROOT / "streaming" / "demo" / "conversation.ogg"
IDS = "all => all.map((one) => one.id)"
TEXTS = "all => all.map((one) => one.firstChild.textContent.trim())"


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that recognises one sentence in each two seconds of audio, and an account on it."""
    yield from run_server(account_data, tmp_path_factory.mktemp("killed"), "scripted")


@pytest.fixture
def importing(account_data: Path, tmp_path: Path) -> Iterator[Server]:
    """A server with the shipped recogniser and a worker, and an account on it."""
    server = Server(copied(account_data, tmp_path / "data"), {"RECOGNISER": "moonshine"}, worker=True)
    server.start()
    yield server
    server.kill()


def messages(page: Page) -> list[str]:
    """Return the ids of the messages on a page, live or saved; none may be there twice."""
    found: list[str] = page.locator(".message:not(.interim)").evaluate_all(IDS)
    assert len(set(found)) == len(found)
    return found


def crash(server: Server, *pages: Page) -> dict[Page, list[str]]:
    """Kill the server, start it again, and wait until all pages listen; return the messages that they had."""
    server.kill()
    for page in pages:
        expect(page.locator("#status")).to_have_text("Connection lost")
    before = {page: messages(page) for page in pages}
    server.start()
    for page in pages:
        expect(page.locator("#status")).to_have_text("Listening")
    return before


def test_a_guest_speaks_on(server: Server, open_browser: Callable[..., Browser]) -> None:
    """A guest without an account reconnects by the cookie; what was shown stays, and new words of both come to both."""
    browser = open_browser(recorded_speech())
    owner = enter(browser, server)
    begin(owner, server)
    owner.get_by_role("button", name="Invite").click()
    owner.get_by_label("Allow guests without an account").check()
    owner.get_by_role("button", name="Create link").click()
    link = owner.get_by_label("To speak, also without an account").input_value()
    owner.get_by_role("button", name="Close").click()
    guest = browser.new_context(permissions=["microphone"], reduced_motion="reduce").new_page()
    guest.set_default_timeout(PATIENCE_MS)
    troubles = [page_errors(one) for one in (owner, guest)]
    guest.goto(link)
    guest.get_by_label("Your name").fill("Eve")
    guest.get_by_role("button", name="Continue").click()
    guest.wait_for_load_state()
    guest.get_by_role("button", name="Join and speak").click()
    for page in (owner, guest):
        expect(page.locator("#turns .who strong", has_text="Eve").first).to_be_visible()
    before = crash(server, owner, guest)
    for page in (owner, guest):
        expect(page.locator(TOLD).nth(len(before[page]) + 3)).to_be_visible()
        assert messages(page)[: len(before[page])] == before[page]
    guest.get_by_role("button", name="Stop").click()
    expect(guest.locator("#pill")).to_have_text("Saved")
    end(owner)
    assert set(messages(guest)) <= set(messages(owner))
    assert {"Eve", "Jane Doe"} <= set(owner.locator(".turn .name").all_inner_texts())
    assert troubles == [[], []]


def test_the_audio_of_a_tab_goes_on(server: Server, open_browser: Callable[..., Browser]) -> None:
    """Both speakers of the page reconnect: the microphone, and those who are heard in the tab."""
    page = enter(open_browser(recorded_speech()), server)
    page.add_init_script(TAB)
    page.goto(f"{server.url}/live/")
    page.get_by_label("Remote meeting").check()
    page.locator("#start").click()
    them = page.locator("#turns .turn", has=page.locator("strong", has_text="Them")).locator(".message")
    expect(page.locator("#turns .who strong", has_text="Jane Doe").first).to_be_visible()
    expect(them.first).to_be_visible()
    before = crash(server, page)[page]
    heard = them.count()
    expect(them.nth(heard + 1)).to_be_visible()
    assert messages(page)[: len(before)] == before
    live = messages(page)
    end(page)
    assert set(live) <= set(messages(page))
    assert {"Them", "Jane Doe"} <= set(page.locator(".members .name").all_inner_texts())


def test_a_page_that_is_open_during_an_import(importing: Server, open_browser: Callable[..., Browser]) -> None:
    """Server and worker are killed: the page reconnects without a reload, the rest of the transcript grows, no message is there twice."""
    page = open_browser().new_context().new_page()
    sign_in(page, importing)
    token = importing.token(EMAIL)
    job = upload(importing, token, RECORDING.read_bytes(), name="Launch in Berlin")
    page.goto(f"{importing.url}/conversations/{job['conversationId']}/")
    errors = page_errors(page)
    page.evaluate("window.sameDocument = true")
    expect(page.locator("#heading .pill")).to_have_text("Transcribing")
    expect(page.locator(".message").first).to_be_visible()
    importing.kill()
    before = messages(page)
    importing.start()
    expect(page.locator(".message").nth(len(before))).to_be_visible()
    expect(page.locator("#heading .pill")).to_have_count(0)
    status, stored = importing.get(f"/v1/conversations/{job['conversationId']}/messages", token)
    assert status == 200
    texts = [message["text"] for message in stored["messages"]]
    expect(page.locator(".message")).to_have_count(len(texts))
    assert messages(page)[: len(before)] == before
    assert page.locator(".message").evaluate_all(TEXTS) == texts
    assert re.search(r"\w", texts[-1])
    assert page.evaluate("window.sameDocument")
    assert errors == []
