"""Deleting on the pages in a browser: the dialog, the list without a reload, the bin; with a keyboard, on a telephone, without faults."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import sign_in
from tests.browser.test_accessibility import faults
from tests.servers import Server, copied

MAKE = """
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from insights.models import Conversation
for name in ("Budget", "Holidays", "A conversation with a long title, as people write them when they are in a hurry"):
    at = timezone.now() - timedelta(hours=1)
    Conversation.objects.create(owner=User.objects.get(), connection_id=name, name=name, started_at=at, ended_at=timezone.now())
"""
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an account that has three conversations."""
    server = Server(copied(account_data, tmp_path_factory.mktemp("bin") / "data"), {"RECOGNISER": "scripted"})
    server.manage("shell", "--no-imports", "-v0", "-c", MAKE)
    server.start()
    yield server
    server.kill()


def fits(page: Page) -> bool:
    """Return whether nothing is wider than the screen."""
    wider: bool = page.evaluate("() => document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return not wider


def test_delete_and_restore(server: Server, open_browser: Callable[..., Browser]) -> None:
    """Escape cancels; the list loses its row without a reload; the bin restores it, or deletes it for good after another question."""
    page = open_browser().new_context().new_page()
    sign_in(page, server)
    page.goto(f"{server.url}/conversations/?q=")
    page.evaluate("window.kept = true")
    assert faults(page) == []
    page.get_by_role("button", name="Delete Budget").click()
    dialog = page.get_by_role("dialog", name="Move to the bin?")
    expect(dialog).to_contain_text("You can restore “Budget” for 30 days.")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(page.locator(".row")).to_have_count(3)
    page.get_by_role("button", name="Delete Budget").click()
    page.get_by_role("button", name="Move to bin").click()
    expect(page.locator(".row")).to_have_count(2)
    assert page.evaluate("window.kept") is True
    page.set_viewport_size(PHONE)
    assert fits(page)
    page.get_by_role("link", name="Bin").click()
    expect(page.locator(".row")).to_have_count(1)
    assert fits(page)
    assert faults(page) == []
    page.get_by_role("button", name="Delete Budget for good").click()
    expect(page.get_by_role("dialog", name="Delete for good?")).to_contain_text("“Budget” cannot be restored afterwards.")
    assert fits(page)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Restore Budget").click()
    expect(page.get_by_role("status").first).to_have_text("Conversation restored.")
    expect(page.get_by_text("The bin is empty.")).to_be_visible()
    page.goto(server.url)
    page.get_by_role("link", name="Budget").click()
    assert fits(page)
    assert faults(page) == []
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Move to bin").click()
    expect(page.get_by_role("status").first).to_have_text("Conversation moved to the bin.")
    page.goto(f"{server.url}/bin/")
    page.get_by_role("button", name="Delete Budget for good").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("status").first).to_have_text("Conversation deleted.")
    page.goto(f"{server.url}/account/recording/")
    assert faults(page) == []
    page.get_by_label("Delete conversations after (days)").fill("30")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").first).to_have_text("Retention saved.")
