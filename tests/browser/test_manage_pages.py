"""The pages of trackers, vocabulary, entities, groups, webhooks and apps in a browser: whole paths, on a telephone, without faults."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import page_errors, sign_in
from tests.browser.test_accessibility import faults
from tests.browser.test_bin_page import PHONE, fits
from tests.http_server import Receiver, answer, http_server
from tests.servers import Server, copied


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an account and a worker, which may call webhooks of this machine."""
    env = {"RECOGNISER": "scripted", "ALLOWED_NETWORKS": "127.0.0.0/8"}
    server = Server(copied(account_data, tmp_path_factory.mktemp("manage") / "data"), env, worker=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server that answers 200 to everything."""
    with http_server(answer(200)) as found:
        yield found


@pytest.fixture
def page(server: Server, open_browser: Callable[..., Browser]) -> Iterator[Page]:
    """A signed-in page without errors of scripts and of the security policy."""
    page = open_browser().new_context().new_page()
    errors = page_errors(page)
    sign_in(page, server)
    page.goto(server.url)
    yield page
    assert errors == []


def check(page: Page) -> None:
    """Axe finds nothing, and nothing is wider than a telephone."""
    wide = page.viewport_size
    assert faults(page) == []
    page.set_viewport_size(PHONE)
    assert fits(page)
    assert faults(page) == []
    page.set_viewport_size({"width": 320, "height": 700})
    assert fits(page)
    if wide:
        page.set_viewport_size(wide)


def test_trackers_and_vocabulary(server: Server, page: Page) -> None:
    """From the account menu: a tracker with an error, then without, is changed and deleted; the vocabulary is saved."""
    page.get_by_role("button", name="Account menu").click()
    page.get_by_role("link", name="Trackers and vocabulary").click()
    page.get_by_role("heading", name="Trackers and vocabulary").wait_for()
    page.get_by_text("Show all").click()
    check(page)
    page.get_by_role("link", name="Create tracker").click()
    page.get_by_label("Name").fill("Rivals")
    page.get_by_label("Phrases").fill("Acme\nGlobex!")
    page.get_by_role("button", name="Create tracker").click()
    expect(page.get_by_text("“Globex!”: only letters")).to_be_visible()
    check(page)
    page.get_by_label("Phrases").fill("Acme\nGlobex")
    page.get_by_role("button", name="Create tracker").click()
    expect(page.get_by_role("status").first).to_have_text("Tracker created.")
    check(page)
    page.get_by_role("link", name="Edit Rivals").click()
    expect(page.get_by_label("Phrases")).to_have_value("Acme\nGlobex")
    page.get_by_label("Name").fill("Competitors")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Delete Competitors").click()
    dialog = page.get_by_role("dialog", name="Delete this tracker?")
    expect(dialog).to_contain_text("“Competitors” will be deleted.")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status").first).to_have_text("Tracker deleted.")
    page.get_by_role("link", name="Vocabulary", exact=True).click()
    page.get_by_label("Names and special words").fill("Kubernetes\nZoé Müller")
    page.get_by_role("button", name="Save vocabulary").click()
    expect(page.get_by_role("status").first).to_contain_text("Vocabulary saved.")
    check(page)
    for name in ("Entities", "Groups"):
        page.get_by_role("link", name=name, exact=True).click()
        page.get_by_role("heading", name=name).wait_for()
        check(page)
        page.get_by_role("link", name="Create").click()
        check(page)


def test_a_webhook_and_its_log(server: Server, page: Page, receiver: Receiver) -> None:
    """A test message is delivered while the log is open, which shows it without a reload; the secret can be replaced."""
    page.goto(f"{server.url}/developers/")
    page.get_by_role("link", name="Webhooks", exact=True).click()
    check(page)
    page.get_by_label("URL").fill(f"http://127.0.0.1:{receiver.port}/hook")
    page.get_by_label("conversation.completed").check()
    page.get_by_role("button", name="Create webhook").click()
    first = page.get_by_label("Secret", exact=True).input_value()
    assert first.startswith("whsec_")
    check(page)
    page.get_by_role("button", name="Send test message").click()
    page.evaluate("window.kept = true")
    expect(page.locator("#log")).to_contain_text("Delivered")
    expect(page.locator("#log")).to_contain_text("status 200")
    assert len(receiver.requests) == 1
    check(page)
    page.get_by_role("button", name="New secret").click()
    page.get_by_role("button", name="Create secret").click()
    second = page.get_by_label("Secret", exact=True)
    expect(second).not_to_have_value(first)
    page.get_by_role("link", name="Done").click()
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("This webhook is not active")).to_be_visible()
    check(page)


def test_scopes_of_an_app(server: Server, page: Page) -> None:
    """An app loses a scope on its page; the list shows the others."""
    page.goto(f"{server.url}/developers/")
    page.get_by_label("App name").fill("Meeting bot")
    page.get_by_role("button", name="Create app").click()
    check(page)
    page.get_by_role("link", name="Edit Meeting bot").click()
    page.get_by_label("manage:").uncheck()
    check(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_have_text("App saved.")
    expect(page.get_by_role("listitem").filter(has_text="Meeting bot")).to_contain_text("stream read write ·")
    check(page)
