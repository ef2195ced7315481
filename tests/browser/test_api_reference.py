"""The API reference in a browser: search, subjects and objects, on a telephone, in the dark, without faults."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PATIENCE_MS, page_errors
from tests.browser.test_accessibility import faults
from tests.browser.test_bin_page import PHONE, fits
from tests.servers import Server, copied


@pytest.fixture(scope="module")
def server(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without accounts."""
    server = Server(copied(migrated_data, tmp_path_factory.mktemp("reference") / "data"), {"RECOGNISER": "scripted"})
    server.start()
    yield server
    server.kill()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_call_is_found(server: Server, open_browser: Callable[..., Browser], scheme: str) -> None:
    """The search leaves the calls with all words; a call leads to its subject, its body to the object with the fields."""
    page = open_browser().new_context(color_scheme=scheme).new_page()
    page.set_default_timeout(PATIENCE_MS)
    errors = page_errors(page)
    page.goto(f"{server.url}/api/docs")
    assert faults(page) == []
    page.get_by_label("Search calls").fill("webhooks POST secret")
    expect(page.locator("#found")).to_have_text("1 call")
    page.get_by_label("Search calls").fill("nothing of the kind")
    expect(page.locator("#found")).to_have_text("No results")
    assert faults(page) == []
    page.get_by_label("Search calls").fill("create a webhook")
    page.get_by_role("link", name="Create a webhook").click()
    call = page.locator("#post-v1-webhooks")
    expect(call).to_be_in_viewport()
    expect(call).to_contain_text("Scope: manage. Errors: 400")
    call.get_by_role("link", name="NewWebhook").click()
    expect(page.locator("#object-NewWebhook")).to_contain_text("at most 200 characters")
    assert faults(page) == []
    for address in ("/api/docs", "/api/docs?group=imports"):
        page.goto(server.url + address)
        for size in (PHONE, {"width": 320, "height": 700}):
            page.set_viewport_size(size)
            assert fits(page)
        assert faults(page) == []
    assert errors == []
