"""The published npm package @symblai/symbl-web-sdk in Chromium, in a page of another origin, with both encodings."""

import subprocess
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Playwright, Route, sync_playwright

from tests.browser.conftest import ARGUMENTS, PATIENCE_MS, chromium
from tests.clients.packages import npm_packages

SCRIPT = Path(__file__).with_name("symbl_web.js")


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without log output."""

    def log_message(self, *args: Any) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def page_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page of another origin that has loaded the SDK."""
    chromium()
    folder = tmp_path_factory.mktemp("page")
    packages = npm_packages()
    html = "<!doctype html><title>client</title><link rel=icon href=data:,><script src=client.js></script>"
    (folder / "index.html").write_text(html)
    bundle = ["node", "node_modules/esbuild/bin/esbuild", str(SCRIPT), "--bundle", f"--outfile={folder / 'client.js'}"]
    subprocess.run(
        [*bundle, "--define:global=window", "--log-level=error"],
        cwd=packages,
        env={"NODE_PATH": "node_modules", "PATH": "/usr/bin:/bin"},
        check=True,
        timeout=120,
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def driver(page_url: str) -> Iterator[Playwright]:
    """Drive a browser for this file."""
    with sync_playwright() as playwright:
        yield playwright


def encoder(route: Route) -> None:
    """Serve the Opus encoder from its npm package; the SDK loads it from a host on the internet."""
    file = npm_packages() / "node_modules/symbl-opus-encdec/dist" / route.request.url.rpartition("/")[2]
    route.fulfill(path=file, headers={"access-control-allow-origin": "*"})


@pytest.mark.parametrize(("encoding", "hasty"), [("LINEAR16", False), ("OPUS", True)])
def test_a_conversation_in_the_browser(
    driver: Playwright, page_url: str, wish: dict[str, Any], microphone: Path, encoding: str, hasty: bool
) -> None:
    """The SDK sends the microphone's audio and gets messages and insights as events, and the socket ends with 1000."""
    capture = f"--use-file-for-fake-audio-capture={microphone}"
    browser = driver.chromium.launch(
        executable_path=chromium(), args=[*ARGUMENTS, "--autoplay-policy=no-user-gesture-required", capture], timeout=PATIENCE_MS
    )
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.context.route("**/symbl-opus-encdec/**", encoder)
    page.goto(page_url)
    told = {**wish, "id": f"web-{encoding.lower()}", "name": "Jane", "encoding": encoding, "seconds": 5, "hasty": hasty}
    saw = page.evaluate("wish => converse(wish).catch(error => ({ failed: String(error) }))", told)
    browser.close()
    assert "failed" not in saw
    assert [name for name, _ in saw["messages"]][:2] == ["Jane", "Jane"]
    assert {kind for kind, _ in saw["insights"]} >= {"question", "action_item"}
    assert saw["conversationId"].isdigit()
    assert saw["closed"] == [1000]
    assert ("conversation_completed" in saw["events"]) is not hasty
    assert problems == []
    assert (max(map(int, saw["sizes"])) < 1000) is (encoding == "OPUS"), "Opus packets are small, blocks of samples are not"
