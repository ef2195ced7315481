"""The published npm package @dytesdk/symbl-transcription in Chromium, which finds its own words by a speaker field of its own."""

import subprocess
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, PATIENCE_MS, chromium
from tests.clients.packages import DYTE, npm_packages
from tests.clients.test_symbl_web import Quiet
from tests.servers import Server

SCRIPT = Path(__file__).with_name("dyte.js")


@pytest.fixture
def page_url(tmp_path: Path) -> Iterator[str]:
    """A page of another origin that has loaded the package."""
    chromium()
    packages = npm_packages(DYTE)
    (tmp_path / "index.html").write_text("<!doctype html><title>client</title><link rel=icon href=data:,><script src=client.js></script>")
    bundle = ["node", "node_modules/esbuild/bin/esbuild", str(SCRIPT), "--bundle", f"--outfile={tmp_path / 'client.js'}"]
    environment = {"NODE_PATH": "node_modules", "PATH": "/usr/bin:/bin"}
    subprocess.run([*bundle, "--log-level=error"], cwd=packages, env=environment, check=True, timeout=120)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_its_own_words_arrive(page_url: str, called: Server) -> None:
    """The participant's transcriptions, interim and final, are broadcast with its peerId and the conversation's id."""
    with sync_playwright() as driver:
        arguments = [*ARGUMENTS, "--autoplay-policy=no-user-gesture-required"]
        browser = driver.chromium.launch(executable_path=chromium(), args=arguments, timeout=PATIENCE_MS)
        page = browser.new_page()
        page.goto(page_url)
        wish = {"url": called.url, "token": called.token(), "id": "dyte-room", "peer": "peer-1", "seconds": 90}
        saw = page.evaluate("wish => transcribe(wish).catch(error => ({ failed: String(error) }))", wish)
        browser.close()
    assert "failed" not in saw
    final = [one for one in saw["transcriptions"] if not one["isPartialTranscript"]]
    assert len(final) >= 2, saw
    assert {one["peerId"] for one in saw["transcriptions"]} == {"peer-1"}
    assert all(one["conversationId"].isdigit() for one in final)
    assert saw["errors"] == []
    assert saw["warnings"] == ["id"], "it puts its peer id at the top of the start_request, too"
