"""The page of exports in a browser: no export, the request from the list, waiting, the download, removal; on a phone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import page_errors, sign_in
from tests.browser.test_accessibility import faults
from tests.browser.test_bin_page import PHONE, fits
from tests.servers import Server, copied

MESSAGES = 1_200
MAKE = f"""
from uuid import uuid4
from django.contrib.auth.models import User
from insights import recorder
from insights.models import Conversation
from tests.bench.reading_child import fill
jane = User.objects.get()
talk = fill(jane, {MESSAGES})
Conversation.objects.exclude(pk=talk.pk).delete()
Conversation.objects.filter(pk=talk.pk).update(name="All hands")
short = Conversation.objects.create(owner=jane, connection_id="s", name="Budget", started_at=talk.started_at, ended_at=talk.started_at)
recorder.write_note(short.pk, uuid4(), "Ask the bank", 3.0, jane.pk)
"""


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without a worker, with an account that has a long and an empty conversation."""
    server = Server(copied(account_data, tmp_path_factory.mktemp("exports") / "data"), {"RECOGNISER": "scripted"})
    server.manage("shell", "--no-imports", "-v0", "-c", MAKE)
    server.start()
    yield server
    server.kill()


def test_from_the_list_to_the_file(server: Server, open_browser: Callable[..., Browser], tmp_path: Path) -> None:
    """The page is empty at first; a request waits for a worker, and becomes a file without a reload."""
    page = open_browser().new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True).new_page()
    errors = page_errors(page)
    sign_in(page, server)
    page.goto(f"{server.url}/exports/")
    expect(page.get_by_text("Exports of the past 7 days appear here.")).to_be_visible()
    assert faults(page) == []
    request(page, server)
    row = page.locator(".import").first
    expect(row).to_contain_text("2 conversations")
    expect(row).to_contain_text("Waiting")
    expect(row.get_by_role("progressbar")).to_have_attribute("value", "0")
    expect(page.get_by_text("No worker is running on the server")).to_be_visible()
    assert faults(page) == []
    server.kill()
    server.worker = True
    server.start()
    expect(row.get_by_role("link", name="Download 2 conversations")).to_be_visible()
    expect(page.locator("#export-news")).to_have_text("All exports have ended.")
    expect(row.get_by_role("progressbar")).to_have_count(0)
    assert faults(page) == []
    with page.expect_download() as download:
        row.get_by_role("link", name="Download 2 conversations").click()
    download.value.save_as(tmp_path / "file.zip")
    with ZipFile(tmp_path / "file.zip") as archive:
        texts = {name.rsplit("-", 1)[0]: archive.read(name).decode() for name in archive.namelist()}
    assert set(texts) == {"all-hands", "budget"}
    assert "## My notes\n\n- 0:03 Ask the bank" in texts["budget"]
    page.set_viewport_size(PHONE)
    assert fits(page)
    row.get_by_role("button", name="Remove 2 conversations").click()
    expect(page.get_by_text("Export removed.")).to_be_visible()
    expect(page.locator(".import").first).to_contain_text("Removed.")
    assert errors == []


def request(page: Page, server: Server) -> None:
    """Choose all conversations in the list, and ask for an export as Markdown with the notes."""
    page.goto(f"{server.url}/conversations/")
    form = page.locator("#export")
    expect(form).to_be_hidden()
    for name in ("All hands", "Budget"):
        page.get_by_role("checkbox", name=f"Choose {name} for an export").check()
    expect(form).to_be_visible()
    form.get_by_label("Export the chosen conversations as").select_option("md")
    form.get_by_label("Include my notes").check()
    assert faults(page) == []
    form.get_by_role("button", name="Export", exact=True).click()
    expect(page.get_by_text("The export has begun. The file appears here.")).to_be_visible()


def test_a_long_conversation(server: Server, open_browser: Callable[..., Browser]) -> None:
    """The menu of its page leads to a form that makes the file in the background; an export that waits can be cancelled."""
    page = open_browser().new_context(viewport=PHONE).new_page()
    sign_in(page, server)
    page.goto(f"{server.url}/conversations/")
    page.get_by_role("link", name="All hands", exact=True).click()
    page.get_by_role("button", name="Export").click()
    page.get_by_label("Include my notes").check()
    page.get_by_role("button", name="Text (.txt)").click()
    expect(page.get_by_role("heading", name="Export “All hands”")).to_be_visible()
    expect(page.get_by_label("Format")).to_have_value("txt")
    expect(page.get_by_label("Include my notes")).to_be_checked()
    assert fits(page)
    page.get_by_role("button", name="Create file").click()
    expect(page.locator(".import").first).to_contain_text("All hands")
    expect(page.locator(".import").first.get_by_role("link", name="Download All hands")).to_be_visible()
