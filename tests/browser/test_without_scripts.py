"""Pages that need scripts say so in a browser that runs none, and do not begin to work by halves."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import EMAIL, sign_in
from tests.servers import Server, copied

PHONE = {"width": 375, "height": 812}
SAMPLE = (
    "from insights.portal.sample import store_sample; from insights import access; "
    f"print(store_sample(access.account_called({EMAIL!r}).pk))"
)
NEEDED = {
    "/live/room/": "The live page needs JavaScript.",
    "/streams/echo/": "Streams need JavaScript.",
    "/developers/network/": "The network test needs JavaScript.",
    "/upload/": "Uploads need JavaScript.",
    "/people/1/": "Buttons that delete or revoke something need JavaScript.",
    "/conversations/{sample}/": "Reading and downloading work without.",
}


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an account and the sample conversation."""
    server = Server(copied(account_data, tmp_path_factory.mktemp("scripts") / "data"), {"RECOGNISER": "scripted"})
    server.start()
    yield server
    server.kill()


@pytest.fixture
def page(server: Server, open_browser: Callable[..., Browser]) -> Page:
    """A signed-in window without scripts."""
    window = open_browser().new_context(java_script_enabled=False, viewport=PHONE).new_page()  # type: ignore[arg-type]
    sign_in(window, server)
    return window


def test_pages_that_need_scripts_say_so(server: Server, page: Page) -> None:
    """Each has one plain sentence with the look of an error, and no button that can be pressed to start."""
    sample = server.manage("shell", "--no-imports", "-c", SAMPLE).split()[-1]
    for path, sentence in NEEDED.items():
        page.goto(server.url + path.format(sample=sample))
        notice = page.locator("noscript .notice.bad", has_text=sentence)
        expect(notice).to_be_visible()
        assert (notice.bounding_box() or {"width": 0})["width"] > PHONE["width"] / 2
        for control in page.locator("#start, [data-confirm] button, #open-history").all():
            expect(control).to_be_disabled()
        expect(page.locator("body > .loading")).to_be_hidden()


COVERED = """
    () => {
      const sign = document.querySelector("body > .loading").getBoundingClientRect();
      const isCovered = ({ left, right, top, bottom, width, height }) =>
        width && height && left < sign.right && sign.left < right && top < sign.bottom && sign.top < bottom;
      const controls = [...document.querySelectorAll("a, button, input, select, textarea, summary")];
      return controls.filter((one) => isCovered(one.getBoundingClientRect())).map((one) => one.outerHTML);
    }
"""


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_sign_of_loading_covers_no_control(server: Server, open_browser: Callable[..., Browser], width: int) -> None:
    """While scripts are on their way it is between the bar and the controls of the page."""
    page = open_browser().new_context(viewport={"width": width, "height": 844}).new_page()
    sign_in(page, server)
    page.route("**/*.js", lambda route: None)  # none arrives
    sample = server.manage("shell", "--no-imports", "-c", SAMPLE).split()[-1]
    for path in ("/conversations/{sample}/", "/live/room/", "/upload/"):
        page.goto(server.url + path.format(sample=sample), wait_until="commit")
        expect(page.locator("body > .loading")).to_be_visible()
        assert page.evaluate(COVERED) == []
