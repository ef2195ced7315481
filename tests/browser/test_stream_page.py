"""The try-out page of a stream with a fake microphone and camera and a real server."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import page_errors, recorded_speech, sign_in
from tests.servers import Server, copied

SITE = {"DJANGO_SETTINGS_MODULE": "tests.browser.site.settings", "RECOGNISER": "moonshine"}
NO_DEVICE = {
    "NotAllowedError": "Microphone access is blocked",
    "NotFoundError": "No microphone was found",
    "NotReadableError": "does not answer",
}
KEEP_PEERS = """
    window.peers = [];
    window.RTCPeerConnection = class extends RTCPeerConnection { constructor(...all) { super(...all); window.peers.push(this); } };
"""
KEEP_WISHES = """
    window.wishes = {};
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = (wanted) => { Object.assign(wishes, wanted); return ask(wanted); };
    const set = RTCRtpSender.prototype.setParameters;
    RTCRtpSender.prototype.setParameters = function (wanted) { Object.assign(wishes, wanted); return set.call(this, wanted); };
"""
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the shipped recogniser, the built-in streams and those of the tests, and an account on it."""
    server = Server(copied(account_data, tmp_path_factory.mktemp("streams") / "data"), SITE)
    server.start()
    yield server
    server.kill()


def enter(browser: Browser, server: Server, stream: str, script: str = "", **context: object) -> Page:
    """Return the signed-in page of a stream."""
    options: dict[str, Any] = {"permissions": ["microphone", "camera"], "reduced_motion": "reduce", **context}
    page = browser.new_context(**options).new_page()
    if script:
        page.add_init_script(script)
    sign_in(page, server)
    page.goto(f"{server.url}/streams/{stream}/")
    return page


def begin(page: Page) -> None:
    """Start, and wait until connected."""
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#pill")).to_have_text("Live now")


def begin_when_free(page: Page) -> None:
    """Start, and repeat while the server still ends the session of the previous client."""
    for _ in range(60):
        page.evaluate("document.getElementById('alerts').replaceChildren()")
        page.get_by_role("button", name="Start").click()
        page.wait_for_function("() => document.getElementById('pill').textContent === 'Live now' || alerts.children.length")
        if page.locator("#pill").inner_text() == "Live now":
            return
        expect(page.locator("#alerts")).to_contain_text("As many people as this stream takes")
        page.wait_for_timeout(500)
    raise AssertionError("the place was not given back")


def figure(page: Page, name: str) -> str:
    """Wait for one of the figures and return it."""
    line = page.locator("#figures div").filter(has=page.locator("dt", has_text=re.compile(f"^{name}$")))
    expect(line).to_be_visible()
    return line.locator("dd").inner_text()


def test_the_streams_are_listed(server: Server, open_browser: Callable[..., Browser]) -> None:
    """The list has modality and mode, and each name links to its page."""
    page = enter(open_browser(), server, "echo")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Developers").click()
    page.get_by_role("link", name="Streams").click()
    expect(page.get_by_role("heading", name="Streams")).to_be_visible()
    motion = page.locator(".stream", has_text="motion")
    expect(motion).to_contain_text("In: camera")
    expect(motion).to_contain_text("Out: video")
    motion.get_by_role("link").click()
    expect(page.get_by_role("heading", name="motion")).to_be_visible()
    assert page.goto(f"{server.url}/streams/nothing/").status == 404


def test_the_echo_stream(server: Server, open_browser: Callable[..., Browser]) -> None:
    """The echo returns speech after a pause, both meters move, and the messages show the turns."""
    page = enter(open_browser(recorded_speech()), server, "page-talk")
    troubles = page_errors(page)
    begin(page)
    expect(page.locator("#outputs li").first).to_contain_text("frames")
    page.wait_for_function("() => getComputedStyle(document.querySelector('#meter-out').children[2]).getPropertyValue('--level') > 0.3")
    page.wait_for_function("() => document.getElementById('sound').currentTime > 0.5")
    assert re.fullmatch(r"\d+ ms", figure(page, "Signalling"))
    assert re.fullmatch(r"\d+ kbit/s|…", figure(page, "Sound in"))
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#status")).to_have_text("Ended")
    expect(page.get_by_role("button", name="Start")).to_be_enabled()
    assert page.evaluate("document.getElementById('sound').srcObject") is None
    assert troubles == []


@pytest.mark.parametrize(
    ("path", "script"), [("/streams/echo/", "stream-page.js"), ("/live/", "live.js"), ("/developers/network/", "network-test.js")]
)
def test_start_waits_for_its_script(server: Server, open_browser: Callable[..., Browser], path: str, script: str) -> None:
    """Until then it is disabled, and after a second the page says that it loads; a press does nothing, and leaves the page as it is."""
    page = open_browser().new_page()
    sign_in(page, server)
    held: list[Route] = []
    page.route(f"**/{script}*", lambda route: held.append(route))
    page.goto(server.url + path, wait_until="commit")
    start = page.locator("#start")
    expect(start).to_be_disabled()
    expect(page.locator("body > .loading")).to_be_visible()
    before = page.url
    start.click(force=True)
    if path == "/live/":
        page.locator("#speaker").press("Enter")
    assert page.url == before
    while not held:
        page.wait_for_timeout(50)
    for route in held:
        route.continue_()
    expect(start).to_be_enabled()
    expect(page.locator("body > .loading")).to_be_hidden()
    if path == "/streams/echo/":
        expect(page.locator("#status")).to_have_text("Ready")


def test_the_conversation_stream(server: Server, open_browser: Callable[..., Browser]) -> None:
    """Words are outputs, and the form of inputs has a box for each insight kind."""
    page = enter(open_browser(recorded_speech()), server, "conversation")
    expect(page.get_by_label("Question")).to_be_checked()
    begin(page)
    expect(page.locator("#outputs")).to_contain_text("best of times")
    page.get_by_label("Your name").fill("Jane")
    expect(page.locator("#inputs-state")).to_contain_text("Sent")
    page.get_by_role("button", name="Stop").click()


STATE_IS_IN_THE_FREE_CORNER = """() => {
  const box = (id) => document.getElementById(id).getBoundingClientRect();
  const state = document.querySelector("#screen .state").getBoundingClientRect();
  return state.bottom < box("screen").top + box("screen").height / 2 && state.right < box("mirror").left;
}"""
"""At the bottom it hides captions that a program writes into the video."""


def test_video_and_inputs(server: Server, open_browser: Callable[..., Browser]) -> None:
    """On a phone in the dark scheme the video plays, the own video is in its corner, and the slider sends its value."""
    page = enter(open_browser(), server, "motion", **PHONE)
    begin(page)
    page.wait_for_function(
        "() => document.getElementById('picture').videoWidth > 0 && document.getElementById('picture').currentTime > 0.5"
    )
    expect(page.locator("#mirror")).to_be_visible()
    assert page.evaluate(STATE_IS_IN_THE_FREE_CORNER)
    expect(page.locator("#outputs")).to_contain_text("moving")
    page.get_by_label("Threshold").fill("0.9")
    expect(page.locator("#inputs output")).to_have_text("0.9")
    expect(page.locator("#inputs-state")).to_contain_text("Sent")
    assert "×" in figure(page, "Picture")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_screen_is_shared(server: Server, open_browser: Callable[..., Browser]) -> None:
    """The button shares the screen, which the stream returns, until it is pressed again; user data comes from the address."""
    page = enter(open_browser(), server, 'motion/?user_data={"name":"Ada"}#', **PHONE)
    offers: list[str] = []
    page.on("request", lambda request: offers.append(str(request.post_data)) if request.url.endswith("/offer") else None)
    begin(page)
    assert '"user_data":{"name":"Ada"}' in offers[0]
    page.wait_for_function("() => document.getElementById('picture').videoWidth === 640")
    page.get_by_role("button", name="Share screen").click()
    page.wait_for_function("() => ![0, 640].includes(document.getElementById('picture').videoWidth)")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Stop sharing").click()
    page.wait_for_function("() => document.getElementById('picture').videoWidth === 640")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Share screen")).to_be_hidden()


def test_a_send_only_stream_needs_no_device(server: Server, open_browser: Callable[..., Browser]) -> None:
    """The tone plays without a microphone."""
    page = enter(open_browser(), server, "tone", "navigator.mediaDevices.getUserMedia = () => { throw new Error('asked') }")
    assert page.get_by_label("Microphone").count() == 0
    begin(page)
    page.wait_for_function("() => document.getElementById('sound').currentTime > 0.5")


def test_the_keyboard_is_enough(server: Server, open_browser: Callable[..., Browser]) -> None:
    """The focus moves to the button that replaces the pressed one; unsent inputs are marked as waiting."""
    page = enter(open_browser(), server, "tone")
    page.get_by_label("Frequency").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#inputs-state")).to_have_text("Not started. These are sent when you start.")
    page.get_by_role("button", name="Start").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_focused()
    expect(page.locator("#inputs-state")).to_contain_text("Sent")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Start")).to_be_focused()
    expect(page.locator("#figures")).to_contain_text("ended")


@pytest.mark.parametrize("stream", ["conversation", "echo", "motion", "tone", "voice-notes"])
def test_every_request_has_our_origin(server: Server, open_browser: Callable[..., Browser], stream: str) -> None:
    """Every request of a page goes to our origin, also during a session."""
    page = enter(open_browser(), server, stream)
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.reload()
    begin(page)
    page.get_by_role("button", name="Stop").click()
    assert hosts == {urlsplit(server.url).netloc}


def test_invalid_inputs_show_an_error_at_their_field(server: Server, open_browser: Callable[..., Browser]) -> None:
    """The error is the server's, and valid inputs are sent afterwards."""
    page = enter(open_browser(recorded_speech()), server, "page-inputs")
    begin(page)
    expect(page.locator("#alerts")).to_contain_text("there is no more of Aoede")
    page.get_by_label("How fast").evaluate("field => { field.type = 'text'; field.max = ''; field.value = '7'; }")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("[data-input=pace] .wrong")).to_contain_text("less than or equal to 2")
    expect(page.locator("#inputs-state")).to_have_text("Not sent. See the errors above.")
    page.get_by_label("How fast").fill("1.5")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("[data-input=pace] .wrong")).to_be_hidden()


def test_the_page_uses_the_developers_options(server: Server, open_browser: Callable[..., Browser]) -> None:
    """Title and subtitle have no tags; constraints and parameters reach the browser; inputs are sent on submit; Python ends the session."""
    page = enter(open_browser(recorded_speech()), server, "page-wishes", KEEP_WISHES)
    expect(page.get_by_role("heading", level=1)).to_have_text("Say bye")
    expect(page.locator(".lead")).to_have_text("And it hangs up.")
    assert page.title().startswith("Say bye")
    hooks: list[str] = []
    page.on("request", lambda request: hooks.append(str(request.post_data)) if request.url.endswith("/input_hook") else None)
    begin(page)
    wishes = page.evaluate("wishes")
    assert wishes["audio"] == {"echoCancellation": False, "noiseSuppression": True, "autoGainControl": True, "channelCount": 1}
    assert wishes["degradationPreference"] == "maintain-framerate"
    page.get_by_label("Word").fill("bye")
    page.wait_for_timeout(600)
    assert not any("bye" in hook for hook in hooks)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#status")).to_have_text("Ended")
    expect(page.locator("#detail")).to_have_text("The server ended the session.")


@pytest.mark.parametrize("error", list(NO_DEVICE))
def test_a_missing_microphone_is_explained(server: Server, open_browser: Callable[..., Browser], error: str) -> None:
    """The page has an explanation and a retry."""
    script = f"navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('', '{error}') }}"
    page = enter(open_browser(), server, "echo", script)
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#alerts")).to_contain_text(NO_DEVICE[error])
    expect(page.get_by_role("button", name="Start")).to_be_enabled()


def test_the_limit_is_explained(server: Server, open_browser: Callable[..., Browser]) -> None:
    """After the other client has left the stream can be started."""
    browser = open_browser(recorded_speech())
    first, second = (enter(browser, server, "page-one") for _ in range(2))
    begin(first)
    second.get_by_role("button", name="Start").click()
    expect(second.locator("#alerts")).to_contain_text("As many people as this stream takes (1)")
    first.get_by_role("button", name="Stop").click()
    expect(first.locator("#status")).to_have_text("Ended")
    begin_when_free(second)
    second.get_by_role("button", name="Stop").click()


def test_a_broken_connection_comes_back_to_the_same_session(server: Server, open_browser: Callable[..., Browser]) -> None:
    """After the browser's connection is closed, the page offers again with the same id, and the handler continues."""
    page = enter(open_browser(recorded_speech()), server, "page-talk", KEEP_PEERS)
    begin(page)
    expect(page.locator("#outputs li").nth(2)).to_be_visible()
    page.evaluate("Object.defineProperty(peers[0], 'connectionState', { value: 'failed' })")
    page.evaluate("peers[0].dispatchEvent(new Event('connectionstatechange'))")
    page.wait_for_function("() => peers.length === 2 && peers[1].connectionState === 'connected'")
    count = int(page.locator("#outputs li .body").first.inner_text().split()[0])
    page.wait_for_function(f"() => parseInt(document.querySelector('#outputs li .body').textContent) > {count}")
    expect(page.locator("#pill")).to_have_text("Live now")


def test_leaving_the_page_ends_the_session(server: Server, open_browser: Callable[..., Browser]) -> None:
    """Its slot is free at once."""
    browser = open_browser(recorded_speech())
    page = enter(browser, server, "page-one")
    begin(page)
    page.goto(f"{server.url}/streams/")
    page.goto(f"{server.url}/streams/page-one/")
    begin_when_free(page)
    page.get_by_role("button", name="Stop").click()
