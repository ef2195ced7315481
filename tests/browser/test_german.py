"""The portal in German in Chromium: the longer words fit a phone, and an account that chose German works in it."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE_MS, page_errors, recorded_speech
from tests.browser.test_every_page import PAGES, SMALLEST, Site, site  # noqa: F401  # site is a fixture

WIDE = """
    () => [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
      .map((one) => `${one.localName}.${one.className} ${one.textContent.trim().slice(0, 40)}`)
"""


BROKEN = """
    () => {
      const words = [];
      for (const one of document.querySelectorAll("button, .button, h1, h2, h3, .name, .tag, .pill, .word")) {
        for (const node of [...one.childNodes].filter((child) => child.nodeType === Node.TEXT_NODE)) {
          for (const { 0: word, index } of node.data.matchAll(/[^\\s-]{2,24}/g)) {
            const range = document.createRange();
            range.setStart(node, index);
            range.setEnd(node, index + word.length);
            const lines = new Set([...range.getClientRects()].filter(({ width }) => width).map(({ top }) => Math.round(top)));
            if (lines.size > 1 && !word.includes("\u00ad")) words.push(word);
          }
        }
      }
      const selects = [...document.querySelectorAll("select")].filter(({ clientWidth }) => clientWidth && clientWidth < 70);
      return [...words, ...selects.map(({ id, name, clientWidth }) => `${id || name}: ${clientWidth} px`)];
    }
"""
"""Words of buttons, headings and names that are broken without a hyphen, and selects that show nothing of their choice."""


@pytest.fixture
def page(open_browser: Callable[..., Browser], site: Site) -> Page:  # noqa: F811
    """A window of a German browser, on a phone, that is signed in."""
    options: dict[str, Any] = {"locale": "de-DE", "storage_state": site.signed_in, "viewport": SMALLEST, "permissions": ["microphone"]}
    context = open_browser(recorded_speech()).new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    return context.new_page()


def test_every_page_fits_phones_and_tablets_in_german(page: Page, site: Site) -> None:  # noqa: F811
    """No page scrolls sideways, no word is broken on a phone or a tablet, and the language of the document is German."""
    wide: dict[Any, Any] = {}
    broken: dict[Any, Any] = {}
    for path in PAGES.values():
        page.goto(site.address(path))
        page.wait_for_load_state()
        assert page.locator("html").get_attribute("lang") == "de", path
        if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            wide[path] = page.evaluate(WIDE)
        for size in ({"width": 375, "height": 812}, {"width": 768, "height": 900}):
            page.set_viewport_size(size)
            if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
                wide[path, size["width"]] = page.evaluate(WIDE)
            if found := page.evaluate(BROKEN):
                broken[path, size["width"]] = found
        page.set_viewport_size(SMALLEST)
    assert (wide, broken) == ({}, {})


def test_an_account_works_in_german(page: Page, site: Site) -> None:  # noqa: F811
    """It chooses the language, searches, speaks on the live page and opens what was saved."""
    errors = page_errors(page)
    page.goto(f"{site.server.url}/account/")
    page.wait_for_load_state()
    page.get_by_label("Sprache").select_option("de")
    page.get_by_role("button", name="Speichern").click()
    expect(page.locator(".notice.good")).to_have_text("Profil gespeichert.")
    page.goto(f"{site.server.url}/conversations/?q=xylophone")
    expect(page.locator("#results")).to_contain_text("Keine Ergebnisse für „xylophone“.")
    page.goto(f"{site.server.url}/live/")
    page.wait_for_load_state()
    page.get_by_role("button", name="Starten").click()
    expect(page.locator("#status")).to_have_text("Hört zu", timeout=PATIENCE_MS)
    expect(page.locator("#pill")).to_have_text("Jetzt live")
    for width in (320, 375, 768):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert page.evaluate(BROKEN) == []
    page.get_by_role("button", name="Beenden", exact=True).click()
    expect(page.locator("#status")).to_have_text("Das Gespräch ist gespeichert", timeout=PATIENCE_MS)
    page.get_by_role("link", name="Gespeichertes Gespräch öffnen").click()
    expect(page.get_by_role("heading", name="Transkript")).to_be_visible(timeout=PATIENCE_MS)
    assert errors == []
