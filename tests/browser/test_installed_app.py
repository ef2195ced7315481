"""The portal as an installed app: manifest, service worker, the page without a connection, and files that a phone shares."""

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.browser.conftest import ARGUMENTS, EMAIL, PASSWORD, PATIENCE_MS, chromium, page_errors, sign_in
from tests.browser.test_accessibility import faults
from tests.servers import Server, copied

SHARE = """
    ([name, content]) => {
      const form = document.createElement("form");
      Object.assign(form, { method: "post", action: "/upload/", enctype: "multipart/form-data" });
      const field = Object.assign(document.createElement("input"), { type: "file", name: "files" });
      const data = new DataTransfer();
      data.items.add(new File([content], name, { type: "audio/mpeg" }));
      field.files = data.files;
      form.append(field);
      document.body.append(form);
      form.submit();
    }
"""
"""What a phone does with a file that is shared with the app: a navigation with POST to the action of the manifest."""


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an account."""
    server = Server(copied(account_data, tmp_path_factory.mktemp("app") / "data"), {"RECOGNISER": "scripted"})
    server.start()
    yield server
    server.kill()


@pytest.fixture
def page(server: Server, open_browser: Callable[..., Browser]) -> Page:
    """A signed-in window whose pages the service worker controls."""
    page = open_browser().new_context().new_page()
    sign_in(page, server)
    page.goto(server.url)
    page.evaluate("navigator.serviceWorker.ready.then(() => {})")
    page.goto(server.url)
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    return page


def uploaded(page: Page, name: str) -> None:
    """Wait until the server has the file."""
    expect(page.locator("#imports .import", has=page.locator(".name", has_text=name))).to_be_visible()


def test_the_app_can_be_installed(server: Server, playwright: Playwright) -> None:
    """Chromium finds no error in the manifest, and nothing that prevents the installation; every address in it works."""
    with tempfile.TemporaryDirectory() as profile:  # windows of a test are private, and those cannot install
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium(whole=True), args=ARGUMENTS, timeout=PATIENCE_MS
        )
        page = context.pages[0]
        sign_in(page, server)
        page.goto(server.url)
        page.evaluate("navigator.serviceWorker.ready.then(() => {})")
        tools = context.new_cdp_session(page)
        found = tools.send("Page.getAppManifest")
        assert found["errors"] == []
        assert found["url"] == f"{server.url}/manifest.webmanifest"
        assert tools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
        manifest: dict[str, Any] = json.loads(found["data"])
        assert {(one["sizes"], one["purpose"]) for one in manifest["icons"]} >= {
            (f"{size}x{size}", purpose) for size in (192, 512) for purpose in ("any", "maskable")
        }
        for icon in manifest["icons"]:
            width = page.evaluate(
                "async (src) => { const one = new Image(); one.src = src; await one.decode(); return one.width; }", icon["src"]
            )
            assert icon["sizes"] in (f"{width}x{width}", "any")
        for shortcut in manifest["shortcuts"]:
            answer = page.goto(server.url + shortcut["url"])
            assert answer is not None
            assert answer.status == 200
        context.close()


def test_a_shared_file_is_uploaded(page: Page) -> None:
    """The upload page takes it from the service worker, once."""
    errors = page_errors(page)
    page.evaluate(SHARE, ["voice memo.mp3", "no recording"])
    page.wait_for_url(re.compile("/upload/"))
    uploaded(page, "voice memo")
    expect(page).to_have_url(re.compile(r"/upload/$"))
    page.reload()
    expect(page.locator(".import")).to_have_count(1)
    assert page.evaluate("caches.open('parley-shared').then((cache) => cache.keys()).then((all) => all.length)") == 0
    assert errors == []


def test_a_shared_file_waits_for_the_sign_in(page: Page) -> None:
    """Somebody who is not signed in gets the sign-in first; the file is not lost."""
    page.context.clear_cookies()
    page.evaluate(SHARE, ["interview.mp3", "no recording"])
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    uploaded(page, "interview")


def test_a_file_that_did_not_arrive(page: Page) -> None:
    """The page says so."""
    page.goto(page.url + "upload/?shared=yes")
    expect(page.locator(".notice[role=alert]")).to_have_text("The shared file did not arrive. Choose it here.")


def test_without_a_connection(page: Page, server: Server) -> None:
    """A page in plain words, with nothing of the account; pages of the account are stored nowhere; "Try again" opens the page."""
    page.goto(f"{server.url}/account/")
    kept = page.evaluate(
        "async () => (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys())"
        ".map((one) => new URL(one.url).pathname)))).flat()"
    )
    assert sorted(path for path in kept if not path.endswith(".css")) == ["/offline/"]
    server.kill()
    page.goto(f"{server.url}/account/")
    expect(page.get_by_role("heading", name="No connection to the server")).to_be_visible()
    assert EMAIL not in page.content()
    assert "Jane" not in page.content()
    assert faults(page) == []
    server.start()
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_role("heading", name="Account", exact=True)).to_be_visible()
