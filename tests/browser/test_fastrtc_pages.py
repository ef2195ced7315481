"""Unmodified FastRTC pages, served from our origin, work with our routes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests import speech
from tests.browser.conftest import PATIENCE_MS, recorded_speech, sign_in
from tests.servers import Server, copied

PAGES = Path(__file__).parent / "fastrtc"
SOCKETS_TO_LOOPBACK = "--disable-features=LocalNetworkAccessChecks"
"""Chromium does not know that a page which a test put there came from loopback, and asks for a permission."""
SITE = {"DJANGO_SETTINGS_MODULE": "tests.browser.site.settings"}

Serve = Callable[..., Server]


@pytest.fixture(scope="module")
def serve(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start a server with one of the streams at its root, and keep it for this file."""
    made: dict[str, Server] = {}

    def start(stream: str, recogniser: str = "scripted") -> Server:
        if stream not in made:
            data = copied(account_data, tmp_path_factory.mktemp(stream) / "data")
            made[stream] = Server(data, SITE | {"DEFAULT_STREAM": stream, "RECOGNISER": recogniser})
            made[stream].start()
        return made[stream]

    yield start
    for server in made.values():
        server.kill()


def visit(browser: Browser, server: Server, name: str, inputs: dict[str, Any] | None = None) -> Page:
    """Open one of the pages from the server's origin, fill in its fields, and press its button."""
    # Requests of a service worker do not pass `page.route`.
    page = browser.new_context(permissions=["microphone", "camera"], service_workers="block").new_page()
    page.add_init_script(f"window.inputs = {json.dumps(inputs or {})}")
    sign_in(page, server)
    html = (PAGES / f"{name}.html").read_text().replace("__RTC_CONFIGURATION__", "null")
    page.route("**/fastrtc.html", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(f"{server.url}/fastrtc.html")
    page.locator("#go").click()
    return page


def wait(page: Page, condition: str) -> None:
    """Wait until the page has recorded something."""
    try:
        page.wait_for_function(f"() => {condition}", timeout=PATIENCE_MS)
    except Exception:
        raise AssertionError(f"{condition}: {page.evaluate('window.seen')}") from None


def test_an_audio_page_gets_audio_outputs_and_messages(serve: Serve, open_browser: Callable[..., Browser]) -> None:
    """Audio returns, outputs arrive as `output` events, and messages have FastRTC's keys."""
    page = visit(open_browser(recorded_speech()), serve("page-talk"), "talk")
    wait(page, "seen.state === 'connected'")
    wait(page, "seen.sound > 0.01")
    wait(page, "seen.outputs.length >= 3")
    wait(page, "seen.messages.some((one) => one.type === 'fetch_output')")
    assert page.evaluate("seen.errors") == []


def test_a_page_posts_its_inputs(serve: Serve, open_browser: Callable[..., Browser]) -> None:
    """The page gets `send_input` and posts to /input_hook, the handler continues with the inputs, and errors are shown."""
    page = visit(open_browser(recorded_speech()), serve("page-inputs"), "talk", {"voice_name": "Puck"})
    wait(page, "seen.hooks.includes(200)")
    wait(page, "seen.outputs.some((text) => text.includes('Puck'))")
    wait(page, "seen.errors.some((text) => text.includes('no more of Puck'))")


def test_a_page_that_trickles_its_candidates_first_connects(serve: Serve, open_browser: Callable[..., Browser]) -> None:
    """FastRTC loses candidates before the offer."""
    page = visit(open_browser(recorded_speech()), serve("page-talk"), "trickle")
    wait(page, "seen.state === 'connected'")
    wait(page, "seen.candidates.length >= 1")
    assert {answer["status"] for answer in page.evaluate("seen.candidates")} == {"success"}
    assert page.evaluate("seen.errors") == []


def test_a_camera_page_gets_video_back(serve: Serve, open_browser: Callable[..., Browser]) -> None:
    """The page changes the threshold meanwhile."""
    page = visit(open_browser(), serve("motion"), "detect")
    wait(page, "seen.state === 'connected'")
    wait(page, "document.getElementById('out').videoWidth > 0 && document.getElementById('out').currentTime > 0.5")
    page.locator("#threshold").fill("0.7")
    wait(page, "seen.hooks.includes(200)")
    wait(page, "seen.messages.some((one) => one.data === 'Server received: handshake')")
    assert page.evaluate("seen.errors") == []


def test_a_page_shows_the_limit(serve: Serve, open_browser: Callable[..., Browser]) -> None:
    """The page finds the error text, and the status is 429, which it does not check."""
    browser, server = open_browser(recorded_speech()), serve("page-one")
    first = visit(browser, server, "talk")
    wait(first, "seen.state === 'connected'")
    second = visit(browser, server, "talk")
    wait(second, "seen.errors.length > 0")
    assert second.evaluate("seen.errors") == ["Too many connections. Maximum limit is 1"]


def test_a_mulaw_page_gets_audio(serve: Serve, open_browser: Callable[..., Browser]) -> None:
    """Audio returns in real time, and each ping gets a pong."""
    page = visit(open_browser(None, SOCKETS_TO_LOOPBACK), serve("page-talk"), "socket")
    wait(page, "seen.pongs >= 3")
    wait(page, "seen.media > 24000")
    seen: dict[str, Any] = page.evaluate("seen")
    assert seen["errors"] == []
    assert seen["closed"] is None
    wait(page, "seen.outputs.some((text) => text.includes('frames'))")


def test_a_mulaw_page_posts_its_inputs(serve: Serve, open_browser: Callable[..., Browser]) -> None:
    """`send_input` and errors arrive over the socket; hook and outputs are the same."""
    page = visit(open_browser(None, SOCKETS_TO_LOOPBACK), serve("page-inputs"), "socket", {"voice_name": "Kore"})
    wait(page, "seen.hooks.includes(200)")
    wait(page, "seen.outputs.some((text) => text.includes('Kore'))")
    wait(page, "seen.errors.some((text) => text.includes('no more of Kore'))")


def test_a_stop_word_page(serve: Serve, open_browser: Callable[..., Browser], tmp_path: Path) -> None:
    """The page only sends: it gets the stop word, and in each turn the chat is an input and returns one line longer."""
    microphone = speech.wav(tmp_path / "computer.wav", speech.clip("computer", 1.0, 3.0))
    page = visit(open_browser(microphone), serve("page-word", "moonshine"), "hello")
    wait(page, "seen.chat.length >= 2")
    seen: dict[str, Any] = page.evaluate("seen")
    assert seen["stopwords"] >= 2
    assert [line["content"][:3] for line in seen["chat"][:2]] == ["0: ", "1: "]
    assert "time is it" in seen["chat"][0]["content"].lower()
    assert seen["errors"] == []
