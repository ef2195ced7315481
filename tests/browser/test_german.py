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


@pytest.fixture
def page(open_browser: Callable[..., Browser], site: Site) -> Page:  # noqa: F811
    """A window of a German browser, on a phone, that is signed in."""
    options: dict[str, Any] = {"locale": "de-DE", "storage_state": site.signed_in, "viewport": SMALLEST, "permissions": ["microphone"]}
    context = open_browser(recorded_speech()).new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    return context.new_page()


def test_every_page_fits_320_px_in_german(page: Page, site: Site) -> None:  # noqa: F811
    """No page scrolls sideways, and the language of the document is German."""
    wide = {}
    for path in PAGES.values():
        page.goto(site.address(path))
        page.wait_for_load_state()
        assert page.locator("html").get_attribute("lang") == "de", path
        if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            wide[path] = page.evaluate(WIDE)
    assert wide == {}


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
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.get_by_role("button", name="Beenden", exact=True).click()
    expect(page.locator("#status")).to_have_text("Das Gespräch ist gespeichert", timeout=PATIENCE_MS)
    page.get_by_role("link", name="Gespeichertes Gespräch öffnen").click()
    expect(page.get_by_role("heading", name="Transkript")).to_be_visible(timeout=PATIENCE_MS)
    assert errors == []
