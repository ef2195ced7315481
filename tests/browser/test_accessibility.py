"""The accessibility of the live page while a member speaks: axe finds no fault, and screen readers read each sentence once."""

import re
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import recorded_speech, sign_in
from tests.servers import Server, copied

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
FAULTS = """
    () => axe.run({ resultTypes: ["violations"] })
      .then(({ violations }) => violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html.slice(0, 100))]))
"""
READ_ALOUD = """
    window.read = [];
    const regions = "[aria-live], [role=log], [role=status], [role=alert]";
    const region = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest(regions);
    const isRead = (node) => {
      const [live, hidden] = [region(node), node.parentElement?.closest("[aria-hidden=true], [hidden]")];
      return live && !hidden && live.getAttribute("aria-live") !== "off";
    };
    new MutationObserver((changes) => {
      const added = changes.flatMap(({ addedNodes }) => [...addedNodes]);
      const outer = added.filter((node) => node.isConnected && !added.some((other) => other !== node && other.contains(node)));
      for (const node of outer.filter(isRead)) read.push([region(node).getAttribute("role") ?? "", node.textContent]);
    }).observe(document, { subtree: true, childList: true, characterData: true });
"""
"""Keep what is added to a live region, as a screen reader reads it."""


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that recognises one sentence in each two seconds of audio, and an account on it."""
    server = Server(copied(account_data, tmp_path_factory.mktemp("scripted") / "data"), {"RECOGNISER": "scripted"})
    server.start()
    yield server
    server.kill()


@pytest.fixture
def page(server: Server, open_browser: Callable[..., Browser]) -> Page:
    """The live page of a member who speaks without a pause."""
    page = open_browser(recorded_speech()).new_context(permissions=["microphone"], reduced_motion="reduce").new_page()
    page.add_init_script(READ_ALOUD)
    sign_in(page, server)
    page.goto(f"{server.url}/live/")
    page.locator("#start").click()
    expect(page.locator("#status")).to_have_text("Listening")
    return page


def faults(page: Page) -> list[Any]:
    """Return the faults that axe finds."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found: list[Any] = page.evaluate(FAULTS)
    return found


def test_axe_finds_nothing_during_speech(page: Page) -> None:
    """The page has interim and final results, insights and topics; the check is repeated with a muted microphone."""
    page.wait_for_function(
        "() => document.querySelector('#interims .interim') && document.querySelectorAll('#turns .message').length > 1"
        " && document.querySelector('#insights li') && !document.getElementById('topics-part').hidden"
    )
    assert faults(page) == []
    assert page.locator("body").get_attribute("data-state") == "listening"
    page.get_by_role("button", name="Mute", exact=True).click()
    unmute = page.get_by_role("button", name="Unmute", exact=True)
    expect(unmute).to_be_visible()
    assert unmute.get_attribute("aria-pressed") is None  # the label says the state; both would read as "Unmute, pressed"
    assert faults(page) == []
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#turns .note")).to_contain_text("Paused")
    assert faults(page) == []


def test_each_sentence_is_read_once(page: Page) -> None:
    """Screen readers get the final result, and no interim result and no insight."""
    expect(page.locator("#insights li").nth(2)).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("link", name="Open saved conversation")).to_be_visible()
    messages = [text.strip() for text in page.locator("#turns .message").all_inner_texts()]
    read = page.evaluate("read")
    log = " ".join(text for role, text in read if role == "log")
    assert re.findall("|".join(map(re.escape, set(messages))), log) == messages
    assert len(re.findall("[.?!]", log)) == len(messages), log  # and nothing else is read
    others = [text for role, text in read if role != "log"]
    assert not [text for text in others if any(message in text for message in messages)]


def test_the_log_is_one_in_the_accessibility_tree(page: Page) -> None:
    """The log has a list of turns without interim results, and the insights are a separate list that is not live."""
    expect(page.locator("#insights li").first).to_be_visible()
    log = page.get_by_role("log")
    assert log.count() == 1
    assert log.get_by_role("list").count() == 1
    assert log.get_by_role("listitem").count() >= 1
    assert page.get_by_role("list", name="Insights").get_by_role("listitem").count() >= 1
    assert page.locator("#interims").evaluate("list => list.closest('[aria-live], [role=log]')") is None
    assert page.locator("#insights").evaluate("list => list.closest('[aria-live], [role=log]')") is None
