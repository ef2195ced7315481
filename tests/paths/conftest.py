"""Two installations, a browser, and helpers that wait for a condition. Every test runs on both installations."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright, expect

from tests.browser.conftest import ARGUMENTS, PATIENCE_MS, chromium
from tests.browser.sessions import FOLDER, session_cookie
from tests.insights import postgres
from tests.servers import Server, one_migration
from tests.services import running_redis

SITE = {"DJANGO_SETTINGS_MODULE": "tests.streaming.site.settings", "RECOGNISER": "scripted"}
PASSWORD = "correct horse battery"
JANE = "jane@example.com"
"""The owner of what is said, and a reviewer: she may use the admin."""
LEAVING = ("app@example.com", "account@example.com", "session@example.com")
"""Accounts whose access a test withdraws."""
COLLEAGUE = "tom@example.com"
"""An account that owns nothing at first."""
WAIT_S = 90.0
SAID = "Shall we start with the budget?"
"""What the scripted recogniser makes of the first two seconds of sound: a message with a question in it."""
T = TypeVar("T")
IN_ONE_LOOP = pytest.mark.asyncio(loop_scope="module")
"""Marks a file whose tests share browsers: Playwright's driver belongs to one event loop."""

expect.set_options(timeout=PATIENCE_MS)

SET_UP = f"""
import json
from django.contrib.auth.models import User
from insights import access
from insights.management.create_tables import create_missing_tables
from tests.browser.sessions import keep_session
create_missing_tables()
tokens = {{}}
for email in {(JANE, COLLEAGUE, *LEAVING)!r}:
    user = User.objects.create_user(email, email, {PASSWORD!r})
    if email == {JANE!r}:
        access.make_administrator(user)
    app, secret = access.create_app(user, "tests")
    tokens[email] = access.token_for(app.app_id, secret).access_token
    keep_session(email)
print(json.dumps(tokens))
"""


@dataclass(frozen=True)
class Installation:
    """Speakers connect to `one`, everybody else to `two`; with the embedded defaults both are the same process."""

    one: Server
    two: Server
    tokens: Mapping[str, str]

    @property
    def token(self) -> str:
        """Jane's access token."""
        return self.tokens[JANE]


@pytest.fixture(scope="session")
def two_processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Two servers, one of them on uvicorn, that share nothing but Redis and PostgreSQL."""
    if lacking := postgres.lacking():
        pytest.skip(lacking)
    folder = tmp_path_factory.mktemp("two")
    with running_redis(folder) as redis_url, postgres.migrated_cluster() as database_url:
        shared = {**SITE, "DATABASE_URL": database_url, "REDIS_URL": redis_url, "SECRET_KEY": "x" * 50}
        with _started([Server(folder / "one", shared, "daphne"), Server(folder / "two", shared, "uvicorn")]) as installation:
            yield installation


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One server on SQLite, without Redis: what a first `manage.py serve` gives."""
    with _started([Server(tmp_path_factory.mktemp("embedded"), SITE, "daphne")]) as installation:
        yield installation


@pytest.fixture(params=["two_processes", "embedded"])
def installation(request: pytest.FixtureRequest) -> Installation:
    """Both installations, one after the other. They live as long as the test run: each file would start them anew otherwise."""
    chromium()
    made: Installation = request.getfixturevalue(request.param)
    return made


@contextmanager
def _started(servers: list[Server]) -> Iterator[Installation]:
    """Make tables and accounts, and run the servers, which start side by side."""
    try:
        with ThreadPoolExecutor() as threads:
            with one_migration():
                tokens = json.loads(servers[0].manage("shell", "--no-imports", "-v0", "-c", SET_UP))
            for other in servers[1:]:
                shutil.copytree(servers[0].data / FOLDER, other.data / FOLDER)
            list(threads.map(Server.start, servers))
        yield Installation(servers[0], servers[-1], tokens)
    finally:
        for server in servers:
            server.kill()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def launch() -> AsyncIterator[Callable[[Path | None], Awaitable[Browser]]]:
    """Return the running browser of a file of tests whose microphone plays a WAV file, or start one."""
    async with async_playwright() as driver:
        made: dict[Path | None, Browser] = {}

        async def running(speech: Path | None) -> Browser:
            if speech not in made or not made[speech].is_connected():
                arguments = [*ARGUMENTS, *([f"--use-file-for-fake-audio-capture={speech}"] if speech else [])]
                made[speech] = await driver.chromium.launch(executable_path=chromium(), args=arguments, timeout=PATIENCE_MS)
            return made[speech]

        yield running
        for browser in made.values():
            await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def open_browser(launch: Callable[[Path | None], Awaitable[Browser]]) -> AsyncIterator[Callable[..., Awaitable[Browser]]]:
    """Return browsers, whose windows are closed after the test; `speech` is a WAV file for the microphone, which otherwise beeps.

    The tests of a file share browsers, and so run in one event loop: `pytestmark = IN_ONE_LOOP`. Each window has its own cookies.
    """
    used: set[Browser] = set()

    async def browser(speech: Path | None = None) -> Browser:
        used.add(found := await launch(speech))
        return found

    yield browser
    for one in used:
        for context in one.contexts:
            await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def browser(open_browser: Callable[..., Awaitable[Browser]]) -> Browser:
    """A browser."""
    return await open_browser()


async def sign_in(browser: Browser, server: Server, email: str = JANE, *, by_form: bool = False) -> Page:
    """Return the page of a new window that is signed in at a server, and so at all processes of the installation.

    By the form it has a sign-in of its own; otherwise all windows of the account share the one of `sessions.keep_session`.
    """
    context = await browser.new_context(permissions=["microphone"], reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    if not by_form:
        await context.add_cookies([session_cookie(server, email)])  # type: ignore[list-item]
        return page
    await page.goto(f"{server.url}/signin/")
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_role("button", name="Account menu").wait_for()
    return page


async def redirect(context: BrowserContext, pattern: str, server: Server, wanted: Callable[[Route], bool] = lambda _: True) -> list[int]:
    """Send a page's requests to another process, as a load balancer may; return a list that fills with the answers' statuses."""
    statuses: list[int] = []

    async def handle(route: Route) -> None:
        if not wanted(route):
            await route.continue_()
            return
        path = "/" + route.request.url.split("/", 3)[3]
        same_site = {**route.request.headers, "origin": server.url}  # behind a balancer both have one name
        answer = await route.fetch(url=server.url + path, headers=same_site)
        statuses.append(answer.status)
        await route.fulfill(response=answer)

    await context.route(pattern, handle)
    return statuses


async def eventually(ask: Callable[[], Awaitable[T]], wanted: Callable[[T], bool]) -> T:
    """Ask until the answer is the wanted one, and return it."""
    async with asyncio.timeout(WAIT_S):
        while not wanted(answer := await ask()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return answer


async def read(server: Server, token: str, path: str) -> Any:
    """Return the JSON of a good answer of the REST API."""
    status, answer = await asyncio.to_thread(server.get, path, token)
    assert status == 200, answer
    return answer


async def run(server: Server, code: str) -> str:
    """Run Python on an installation's data, in a process of its own, and return what it printed."""
    return (await asyncio.to_thread(server.manage, "shell", "--no-imports", "-v0", "-c", code)).strip()
