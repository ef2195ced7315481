"""Fixtures of the browser tests: Chromium with a microphone that plays a file, or a skip with the reason."""

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.browser.sessions import session_cookie
from tests.servers import Server, copied

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
WHOLE = ("chromium", "chromium-browser", "google-chrome")
SHELLS = ("chromium-headless-shell", "chrome-headless-shell")
"""Chromium without windows: the same engine, and a new page costs a fifth of the CPU (docs/adr/0124-cost-of-the-tests.md)."""

expect.set_options(timeout=PATIENCE_MS)


def chromium(*, whole: bool = False) -> str:
    """Return the path of a browser, or skip the test. With `whole` it has windows, although nobody sees them, and a profile.

    The headless shell can install no app, gives a microphone another id on each page, and has no policies for WebRTC.
    """
    names = WHOLE if whole else (*SHELLS, *WHOLE)
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no Chromium here (looked for {', '.join(names)}): the browser tests are left out")
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


@pytest.fixture(scope="module")
def launch(playwright: Playwright) -> Iterator[Callable[..., Browser]]:
    """Return the running browser of a test file that has certain arguments, or start one."""
    made: dict[tuple[str, ...], Browser] = {}

    def running(*arguments: str, whole: bool = False) -> Browser:
        key = (chromium(whole=whole), *arguments)
        if key not in made or not made[key].is_connected():
            made[key] = playwright.chromium.launch(executable_path=key[0], args=[*ARGUMENTS, *arguments], timeout=PATIENCE_MS)
        return made[key]

    yield running
    for browser in made.values():
        browser.close()


@pytest.fixture
def open_browser(launch: Callable[..., Browser]) -> Iterator[Callable[..., Browser]]:
    """Return browsers, whose windows are closed after the test; `speech` is a WAV file for the microphone, which otherwise beeps.

    The tests of a file share browsers, because a start takes as much CPU as several pages. Each window has its own cookies and storage.
    """
    used: set[Browser] = set()

    def browser(speech: Path | None = None, *more: str, whole: bool = False) -> Browser:
        found = launch(*more, *([f"--use-file-for-fake-audio-capture={speech}"] if speech else []), whole=whole)
        used.add(found)
        return found

    yield browser
    for one in used:
        for context in one.contexts:
            context.close()


@pytest.fixture(scope="module")
def module_browser(launch: Callable[..., Browser]) -> Browser:
    """The browser of this file without more arguments."""
    return launch()


@pytest.fixture(scope="module")
def one_page(module_browser: Browser) -> Iterator[Page]:
    """The page of `module_page`."""
    page = module_browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.route("**/static/**", lambda route: route.fulfill(path=STATIC / route.request.url.split("/static/")[1]))
    page.route("**/empty", lambda route: route.fulfill(body="<!doctype html><title>empty</title>", content_type="text/html"))
    yield page
    page.close()


@pytest.fixture
def module_page(one_page: Page) -> Page:
    """A page that imports the portal's scripts from the directory, without a server: one window, with a new document for each test."""
    one_page.goto("http://localhost:1/empty")
    return one_page


MAKE_ACCOUNT = f"""
from django.contrib.auth.models import User
from insights import access
from tests.browser.sessions import keep_session
access.make_administrator(User(username={EMAIL!r}, email={EMAIL!r}, first_name="Jane", last_name="Doe"), {PASSWORD!r})
keep_session({EMAIL!r})
"""


@pytest.fixture(scope="session")
def account_data(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the account that `sign_in` uses, to be copied."""
    server = Server(copied(migrated_data, tmp_path_factory.mktemp("account") / "data"))
    server.manage("shell", "--no-imports", "-v0", "-c", MAKE_ACCOUNT)
    return server.data


def sign_in(page: Page, server: Server, email: str = EMAIL) -> None:
    """Sign in without the form, and set long time limits for this window. The account needs a session (`sessions.keep_session`)."""
    page.context.set_default_timeout(PATIENCE_MS)
    page.context.add_cookies([session_cookie(server, email)])  # type: ignore[list-item]


def page_errors(page: Page) -> list[str]:
    """Return a list that collects a page's exceptions and violations of the security policy."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda message: found.append(message.text) if "Content Security Policy" in message.text else None)
    return found
