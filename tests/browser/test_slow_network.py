"""The live page and uploads on a slow network, and without one for a while: nothing is lost."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import EMAIL, page_errors, recorded_speech, sign_in
from tests.browser.conversation_page import imported
from tests.browser.test_conversation_page import wait
from tests.browser.test_live import KEEP_WORDS, TWO_CITIES, end, once, said, wait_for_word
from tests.browser.test_upload_page import choose, row
from tests.network_relay import Relay, relay
from tests.servers import Server, copied
from tests.speech import decoded
from tests.streaming.audio.media_files import wav
from tests.streaming.speech.fakes import BECKETT

THREE_G = {"delay_s": 0.15, "up": 90_000, "down": 190_000}
"""A 3G network as the developer tools of browsers have it ("Fast 3G"): round trip in 300 ms, bytes in a second."""
AWAY_S = 20.0
PLAYED = """
    () => {
      const { currentTime, buffered } = document.getElementById('playback');
      const parts = Array.from(buffered, (_, part) => buffered.end(part) - buffered.start(part));
      return [currentTime, parts.reduce((one, other) => one + other)];
    }
"""
"""The position of the audio, and how many seconds of it are loaded."""


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the embedded recogniser and a worker, and an account."""
    data = copied(account_data, tmp_path_factory.mktemp("slow") / "data")
    server = Server(data, {"RECOGNISER": "moonshine"}, worker=True)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def network(server: Server) -> Iterator[Relay]:
    """A slow network between the browser and the server."""
    with relay(server.port, **THREE_G) as one:
        yield one


def open_window(browser: Browser, server: Server) -> Page:
    """Return a page of a new window that is signed in and may use the microphone. Cookies do not tell ports apart."""
    page = browser.new_context(permissions=["microphone"], reduced_motion="reduce").new_page()
    sign_in(page, server)
    return page


def spoken(page: Page) -> Counter[str]:
    """Return how often each of the words of `TWO_CITIES` is on a page."""
    return Counter(word for word in re.findall(r"[a-z]+", " ".join(said(page)).lower()) if word in TWO_CITIES)


def test_speech_without_a_network_for_a_while(server: Server, network: Relay, open_browser: Callable[..., Browser], tmp_path: Path) -> None:
    """The network is gone for 20 s while somebody speaks: the page says so, buffers the audio, and has all words afterwards, once each."""
    page = open_window(open_browser(once(tmp_path / "tale.wav", decoded(recorded_speech()))), server)
    page.add_init_script(KEEP_WORDS)
    errors = page_errors(page)
    page.goto(f"{network.url}/live/")
    page.locator("#start").click()
    expect(page.locator("#status")).to_have_text("Listening")
    wait_for_word(page, "worst")
    with network.silence():
        gone = time.monotonic()
        expect(page.locator("#status")).to_have_text("Connection lost")
        expect(page.locator("#detail")).to_contain_text("Your audio is buffered and will be sent.")
        page.wait_for_timeout(max(0.0, 1000 * (AWAY_S - (time.monotonic() - gone))))
    expect(page.locator("#status")).to_have_text("Listening")
    expect(page.locator("#turns")).to_contain_text("incredulity")
    end(page)
    wanted, words = Counter(TWO_CITIES), spoken(page)
    assert words <= wanted, said(page)  # nothing twice
    assert (wanted - words).total() <= 1, said(page)  # a cut through a word may cost that word, a turn that is lost costs two at least
    assert errors == []


def test_a_browser_that_goes_offline_says_so_at_once(server: Server, open_browser: Callable[..., Browser]) -> None:
    """The connection is dropped with the event of the browser, not after a ping without answer; it is there again with the network."""
    page = open_window(open_browser(recorded_speech()), server)
    page.goto(f"{server.url}/live/")
    page.locator("#start").click()
    expect(page.locator("#status")).to_have_text("Listening")
    page.context.set_offline(True)
    expect(page.locator("#status")).to_have_text("Connection lost", timeout=8_000)  # below the first ping
    page.context.set_offline(False)
    expect(page.locator("#status")).to_have_text("Listening")
    end(page)


def test_three_uploads_of_which_one_is_cancelled(server: Server, network: Relay, open_browser: Callable[..., Browser]) -> None:
    """Each shows its progress on a slow network; one is cancelled, and the others become transcripts."""
    page = open_window(open_browser(), server)
    page.goto(f"{network.url}/upload/")
    speech = np.frombuffer(BECKETT * 12, dtype="<i2").reshape(-1, 1)
    files = [{"name": f"{name}.wav", "mimeType": "audio/wav", "buffer": wav(speech)} for name in ("first", "second", "third")]
    choose(page, *files)
    for name in ("first", "second", "third"):
        expect(row(page, name)).to_be_visible()
    expect(row(page, "second")).to_contain_text(re.compile("Waiting|Uploading"))
    row(page, "second").get_by_role("button", name="Cancel").click()
    expect(row(page, "second")).to_contain_text("Cancelled")
    for name in ("first", "third"):
        expect(row(page, name)).to_contain_text("Finished")
    expect(row(page, "second")).to_contain_text("Cancelled")
    row(page, "third").get_by_role("link", name="Open").click()
    expect(page.locator(".message").first).to_be_visible()
    assert "/conversations/" in page.url


def test_an_upload_cancelled_when_all_is_sent(server: Server, network: Relay, open_browser: Callable[..., Browser]) -> None:
    """The server may have the whole file although its answer is still on the way: then the job is cancelled, and no transcript is made."""
    page = open_window(open_browser(), server)
    page.goto(f"{network.url}/upload/")
    speech = np.frombuffer(BECKETT * 4, dtype="<i2").reshape(-1, 1)
    choose(page, {"name": "late.wav", "mimeType": "audio/wav", "buffer": wav(speech)})
    expect(row(page, "late")).to_contain_text("Starting")
    with network.silence():
        row(page, "late").get_by_role("button", name="Cancel").click()
    expect(page.locator("#imports").locator(".import", has_text="late")).to_contain_text("Cancelled")
    expect(row(page, "late")).to_have_count(1)


def test_audio_on_a_slow_network(server: Server, network: Relay, open_browser: Callable[..., Browser]) -> None:
    """A word of the second half plays before what comes before it has arrived."""
    talk = imported(server, wait, email=EMAIL)
    page = open_window(open_browser(), server)
    page.goto(f"{network.url}/conversations/{talk}/")
    sentence = page.locator(".message", has_text="two weeks late")
    sentence.click()
    page.wait_for_function("() => !document.getElementById('playback').paused && document.getElementById('playback').readyState > 2")
    begun, loaded = page.evaluate(PLAYED)
    assert begun >= float(sentence.get_attribute("data-at") or 0) - 0.1
    assert loaded < begun, "the audio was fetched from its start"
