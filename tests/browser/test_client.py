"""The JavaScript client: the page of its documentation on another origin, and its methods in a page of the server."""

import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE_MS, ROOT, page_errors, recorded_speech, sign_in
from tests.servers import Server, copied

SITE = {"DJANGO_SETTINGS_MODULE": "tests.browser.site.settings", "RECOGNISER": "scripted"}
PAGE = ROOT / "docs" / "reference" / "clients.md"


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the streams of the tests, and an account on it."""
    server = Server(copied(account_data, tmp_path_factory.mktemp("client") / "data"), SITE)
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the documented page on another origin, with a stream of the tests in place of `echo`."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (listing,) = re.findall(r"```html\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (folder / "page.html").write_text(listing.replace("streams/echo", "streams/page-known"))
    files = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    threading.Thread(target=files.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{files.server_port}/page.html"
    files.shutdown()
    files.server_close()


def on_the_server(browser: Browser, server: Server) -> Page:
    """Return a signed-in page that has the client as `StreamClient`, and a function `next` that waits for an event."""
    page = browser.new_context(permissions=["microphone", "camera"]).new_page()
    sign_in(page, server)
    page.goto(server.url)
    page.evaluate(
        """async () => {
          Object.assign(window, await import("/static/parley/client/parley.js"));
          window.next = (client, name, fits = () => true) => new Promise((resolve) => {
            const stop = client.on(name, (detail) => { if (fits(detail)) { stop(); resolve(detail); } });
          });
        }"""
    )
    return page


def test_the_documented_page_on_another_origin(server: Server, elsewhere: str, open_browser: Callable[..., Browser]) -> None:
    """Over both transports the stream knows the page's data, its audio plays, and an unknown token is refused."""
    browser = open_browser(recorded_speech())
    for transport in ("webrtc", "websocket"):
        page = browser.new_context(permissions=["microphone"]).new_page()
        page.set_default_timeout(PATIENCE_MS)
        troubles = page_errors(page)
        page.goto(f"{elsewhere}?{urlencode({'server': server.url, 'token': server.token(), 'transport': transport})}")
        page.get_by_role("button", name="Start").click()
        expect(page.locator("#state")).to_have_text("connected")
        expect(page.locator("#outputs li").first).to_have_text('{"name":"Ada"}')
        expect(page.locator("#outputs li").nth(1)).to_contain_text("frames")
        page.wait_for_function("() => document.getElementById('sound').currentTime > 0.5")
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("#state")).to_have_text("ended: closed")
        assert troubles == []
    page.goto(f"{elsewhere}?{urlencode({'server': server.url, 'token': 'wrong'})}")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#state")).to_have_text("ended: unauthorised")


def test_inputs_devices_and_statistics(server: Server, open_browser: Callable[..., Browser]) -> None:
    """Inputs reach the handler or are refused by field; the figures are those of a direct connection; the microphone is replaced."""
    page = on_the_server(open_browser(recorded_speech()), server)
    found: dict[str, Any] = page.evaluate(
        """async () => {
          const client = new StreamClient("/streams/page-inputs");
          const asked = next(client, "message", ({ type }) => type === "send_input");
          await client.connect();
          await asked;
          const refused = await client.sendInput({ voice_name: "Puck", pace: 7 }).catch((error) => error);
          const spoken = next(client, "output", (text) => String(text).includes("Puck"));
          await client.sendInput({ voice_name: "Puck" });
          await spoken;
          const devices = await StreamClient.devices();
          await client.useDevice("audio", devices.find(({ kind }) => kind === "microphone").id);
          client.mute();
          const muted = client.media.getAudioTracks()[0].enabled;
          await client.statistics();
          await new Promise((resolve) => setTimeout(resolve, 1000));
          const figures = await client.statistics();
          client.close();
          const kinds = devices.map(({ kind }) => kind);
          return { code: refused.code, field: refused.details[0].loc, muted, figures, kinds, state: client.state };
        }"""
    )
    assert (found["code"], found["field"]) == ("invalid", ["body", "pace"])
    assert "microphone" in found["kinds"]
    assert found["muted"] is False
    assert (found["figures"]["path"], found["figures"]["protocol"]) == ("direct", "udp")
    assert found["figures"]["audio"]["out"]["kbps"] > 0
    assert found["state"] == "ended"


@pytest.mark.parametrize("transport", ["webrtc", "websocket"])
def test_a_lost_connection_comes_back(server: Server, open_browser: Callable[..., Browser], transport: str) -> None:
    """WebRTC renews the session, so that the handler continues; a WebSocket begins another one with the same id."""
    page = on_the_server(open_browser(recorded_speech()), server)
    found: dict[str, Any] = page.evaluate(
        """async (transport) => {
          const client = new StreamClient("/streams/page-talk", { transport });
          const states = [];
          client.on("state", ({ state }) => states.push(state));
          const frames = (text) => parseInt(text.content);
          let last = 0;
          client.on("output", (output) => { last = frames(output); });
          await client.connect();
          await next(client, "output", (output) => frames(output) >= 75);
          const before = last;
          const back = next(client, "state", ({ state }) => state === "connected");
          if (transport === "webrtc") client.reconnect();
          else { client.link.drop(); client.link.closed(1006, ""); }
          await back;
          const after = await next(client, "output").then(frames);
          client.close();
          return { states, before, after };
        }""",
        transport,
    )
    assert found["states"] == ["connecting", "connected", "lost", "connected", "ended"]
    assert (found["after"] > found["before"]) is (transport == "webrtc")


def test_the_screen_in_place_of_the_camera(server: Server, open_browser: Callable[..., Browser]) -> None:
    """The stream gets the screen, which has another size, until sharing ends; then the camera again."""
    page = on_the_server(open_browser(), server)
    sizes: list[int] = page.evaluate(
        """async () => {
          const client = new StreamClient("/streams/motion", { media: { video: { width: 320, height: 240 } }, outputs: false });
          const picture = document.createElement("video");
          picture.muted = true;
          client.on("media", (media) => { picture.srcObject = media; picture.play(); });
          const width = async (fits) => {
            while (!fits(picture.videoWidth)) await new Promise((resolve) => setTimeout(resolve, 100));
            return picture.videoWidth;
          };
          await client.connect();
          const camera = await width((value) => value > 0);
          await client.shareScreen();
          const screen = await width((value) => value !== camera);
          await client.stopScreen();
          const again = await width((value) => value === camera);
          client.close();
          return [camera, screen, again];
        }"""
    )
    assert sizes[0] == sizes[2] != sizes[1]


def test_a_stream_that_takes_no_more(server: Server, open_browser: Callable[..., Browser]) -> None:
    """The limit has a code over both transports, and so have an unknown stream and a video stream over a WebSocket."""
    page = on_the_server(open_browser(recorded_speech()), server)
    codes: list[str] = page.evaluate(
        """async () => {
          const first = new StreamClient("/streams/page-one");
          await first.connect();
          const code = (url, options) => new StreamClient(url, options).connect().catch((error) => error.code);
          const codes = [
            await code("/streams/page-one"), await code("/streams/page-one", { transport: "websocket" }), await code("/streams/nothing"),
            await code("/streams/motion", { transport: "websocket" }),
          ];
          first.close();
          return codes;
        }"""
    )
    assert codes == ["limit", "limit", "not_found", "refused"]
