"""Fixtures of the browser tests: Chromium with a microphone that plays a file, or a skip with the reason."""

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.servers import Server

ROOT = Path(__file__).resolve().parent.parent.parent
STATIC = ROOT / "insights" / "static"
EMAIL, PASSWORD = "jane@example.com", "correct horse battery"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
PATIENCE_MS = 120_000
"""How long a page may take on a busy machine: waits end with what they wait for."""
NAMES = ("chromium", "chromium-browser", "google-chrome")

expect.set_options(timeout=PATIENCE_MS)


def chromium() -> str:
    """Return the path of a browser, or skip the test."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no Chromium here (looked for {', '.join(NAMES)}): the browser tests are left out")
    return found


def recorded_speech() -> Path:
    """Return a file of real speech, from the wheel of the recogniser's model."""
    spec = importlib.util.find_spec("moonshine_voice")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "assets" / "two_cities.wav"


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Drive browsers for one test file: the driver's event loop must not run in other files."""
    chromium()
    with sync_playwright() as driver:
        yield driver


@pytest.fixture
def open_browser(playwright: Playwright) -> Iterator[Callable[..., Browser]]:
    """Start browsers and close them after the test; `speech` is a WAV file for the microphone, which otherwise beeps."""
    made: list[Browser] = []

    def launch(speech: Path | None = None, *more: str) -> Browser:
        arguments = [*ARGUMENTS, *more, *([f"--use-file-for-fake-audio-capture={speech}"] if speech else [])]
        made.append(playwright.chromium.launch(executable_path=chromium(), args=arguments, timeout=PATIENCE_MS))
        return made[-1]

    yield launch
    for browser in made:
        browser.close()


@pytest.fixture(scope="module")
def module_browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser for the pages of `module_page`."""
    browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS, timeout=PATIENCE_MS)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def one_page(module_browser: Browser) -> Iterator[Page]:
    """The page of `module_page`."""
    page = module_browser.new_page()
    page.route("**/static/**", lambda route: route.fulfill(path=STATIC / route.request.url.split("/static/")[1]))
    page.route("**/empty", lambda route: route.fulfill(body="<!doctype html><title>empty</title>", content_type="text/html"))
    yield page
    page.close()


@pytest.fixture
def module_page(one_page: Page) -> Page:
    """A page that imports the portal's scripts from the directory, without a server: one window, with a new document for each test."""
    one_page.goto("http://localhost:1/empty")
    return one_page


def make_account(server: Server) -> None:
    """Create the account that `sign_in` uses."""
    code = (
        "from django.contrib.auth.models import User; from insights import access; "
        f"jane = User(username={EMAIL!r}, email={EMAIL!r}, first_name='Jane', last_name='Doe'); "
        f"access.make_administrator(jane, {PASSWORD!r})"
    )
    server.manage("shell", "--no-imports", "-c", code)


def sign_in(page: Page, server: Server) -> None:
    """Sign in, and set long time limits for this window."""
    page.context.set_default_timeout(PATIENCE_MS)
    page.goto(f"{server.url}/signin/")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Account menu").wait_for()


def page_errors(page: Page) -> list[str]:
    """Return a list that collects a page's exceptions and violations of the security policy."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda message: found.append(message.text) if "Content Security Policy" in message.text else None)
    return found
