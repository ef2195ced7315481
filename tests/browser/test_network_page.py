"""The page that tests the network, in a Chromium whose UDP is free or blocked, with a real coturn."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import page_errors, sign_in
from tests.servers import Server, copied
from tests.services import running_turn

SECRET = "a-long-random-text"
NO_UDP = "--webrtc-ip-handling-policy=disable_non_proxied_udp"
"""What a company policy sets: WebRTC may use UDP through a proxy only, and there is none."""


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that names a coturn for UDP and TCP, and an account on it."""
    folder = tmp_path_factory.mktemp("network")
    with running_turn(folder, SECRET) as turn:
        urls = f"{turn},{turn.replace('udp', 'tcp')}"
        settings = {"RECOGNISER": "scripted", "RTC_ICE_SERVERS": urls, "TURN_SECRET": SECRET, "RTC_PORT_RANGE": "47000-47099"}
        server = Server(copied(account_data, folder / "data"), settings)
        server.start()
        yield server
        server.kill()


def after_the_test(browser: Browser, server: Server, script: str) -> Page:
    """Return the page after its test."""
    page = browser.new_context(permissions=["microphone"]).new_page()
    page.add_init_script(script)
    sign_in(page, server)
    troubles = page_errors(page)
    page.goto(f"{server.url}/streams/")
    page.get_by_role("link", name="Network test").click()
    page.get_by_role("button", name="Start the test").click()
    expect(page.locator("#summary .notice")).to_be_visible()
    assert troubles == []
    return page


def states(page: Page) -> dict[str, str]:
    """Return the state of each check."""
    found: dict[str, str] = page.eval_on_selector_all(
        ".network-check", "all => Object.fromEntries(all.map((one) => [one.id, one.dataset.state]))"
    )
    return found


def test_a_free_network(server: Server, open_browser: Callable[..., Browser]) -> None:
    """Everything works, through TURN too."""
    page = after_the_test(open_browser(), server, "")
    assert set(states(page).values()) == {"good"}, page.locator(".checks").inner_text()
    expect(page.locator("#summary")).to_have_text("Everything that live audio and video need works from here.")
    expect(page.locator("#turn-tcp .found")).to_contain_text("transport=tcp")


def test_a_browser_without_udp(server: Server, open_browser: Callable[..., Browser]) -> None:
    """The page says that UDP is blocked in the browser, and that TURN over TCP works."""
    page = after_the_test(open_browser(None, NO_UDP, whole=True), server, "")
    works = {name for name, state in states(page).items() if state == "good"}
    assert works == {"secure", "microphone", "websocket", "turn-tcp"}, page.locator(".checks").inner_text()
    expect(page.locator("#udp .found")).to_have_text("UDP is blocked in this browser.")
    expect(page.locator("#udp .advice")).to_contain_text("TURN over TCP works without UDP")
    expect(page.locator("#summary")).to_have_text("Live audio and video work from here, through the TURN server.")


def test_everything_is_blocked(server: Server, open_browser: Callable[..., Browser]) -> None:
    """No microphone, no WebSocket, no UDP between browser and server, and a wrong TURN secret: each is named with what to do."""
    blocked = """
        navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", "NotAllowedError"); };
        window.WebSocket = class extends WebSocket { constructor() { super(`ws://${location.host}/nowhere`); } };
        const ask = window.fetch;
        window.fetch = async (url, ...more) => {
          const offer = String(url).endsWith("/webrtc/offer") ? JSON.parse(more[0].body) : {};
          if (offer.type === "ice-candidate") return new Response('{"status": "success"}');
          if (offer.type === "offer") offer.sdp = offer.sdp.replace(/a=candidate:.*\\r\\n/g, "");
          if (offer.type === "offer") more[0].body = JSON.stringify(offer);
          const answer = await ask(url, ...more);
          if (!answer.ok) return answer;
          const body = await answer.json();
          body.iceServers?.forEach((one) => { one.credential = "wrong"; });
          body.sdp = body.sdp?.replace(/(a=candidate:\\S+ 1 udp \\d+) \\S+/g, "$1 203.0.113.9");
          return new Response(JSON.stringify(body));
        };
    """
    page = after_the_test(open_browser(), server, blocked)
    assert states(page) == {"secure": "good", "microphone": "bad", "websocket": "bad", "udp": "bad", "turn-udp": "bad", "turn-tcp": "bad"}
    expect(page.locator("#microphone .advice")).to_contain_text("Allow it in the address bar")
    expect(page.locator("#websocket .advice")).to_contain_text("Upgrade")
    expect(page.locator("#udp .found")).to_contain_text("is blocked. The browser tried 203.0.113.9.")
    expect(page.locator("#udp .advice")).to_contain_text("to the ports 47000-47099 of the server")
    expect(page.locator("#turn-udp .found")).to_contain_text("refuses the password")
    expect(page.locator("#summary")).to_contain_text("WebSockets are blocked")
