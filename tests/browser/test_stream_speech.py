"""The built-in streams in Chromium, with recorded speech and a moving square."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import speech
from tests.browser.conftest import PATIENCE_MS, page_errors, sign_in
from tests.browser.moving import film
from tests.servers import Server, copied

SITE = {"DJANGO_SETTINGS_MODULE": "tests.browser.site.settings", "RECOGNISER": "moonshine"}
KEEP_PEERS = """
    window.peers = [];
    window.RTCPeerConnection = class extends RTCPeerConnection { constructor(...all) { super(...all); window.peers.push(this); } };
"""
ENERGY = """async () => {
    const report = [...(await peers.at(-1).getStats()).values()].find((one) => one.type === 'inbound-rtp' && one.kind === 'audio');
    return report ? { energy: report.totalAudioEnergy, seconds: report.totalSamplesDuration } : { energy: 0, seconds: 0 };
}"""
SILENT_NOW = f"""async () => {{
    const before = await ({ENERGY})();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const after = await ({ENERGY})();
    return after.seconds > before.seconds && after.energy - before.energy < 1e-6;
}}"""
GREEN = """() => {
    const picture = document.getElementById('picture');
    const canvas = Object.assign(document.createElement('canvas'), { width: picture.videoWidth, height: picture.videoHeight });
    const context = canvas.getContext('2d');
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) count += data[at + 1] > data[at] + 40 && data[at + 1] > data[at + 2] + 40;
    return count;
}"""

Launch = Callable[..., Browser]


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the shipped recogniser, and an account on it."""
    server = Server(copied(account_data, tmp_path_factory.mktemp("speech") / "data"), SITE)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def speaker(open_browser: Launch, tmp_path: Path) -> Callable[[str], Browser]:
    """Start a browser whose microphone repeats one of the clips and silence."""
    return lambda name: open_browser(speech.wav(tmp_path / f"{name}.wav", speech.clip(name, 1.0, 5.0)))


def enter(browser: Browser, server: Server, stream: str) -> Page:
    """Return the signed-in page of a started stream."""
    page = browser.new_context(permissions=["microphone", "camera"], reduced_motion="reduce").new_page()
    page.add_init_script(KEEP_PEERS)
    sign_in(page, server)
    begin(page, server, stream)
    return page


def begin(page: Page, server: Server, stream: str) -> None:
    """Open the page of a stream and start."""
    page.goto(f"{server.url}/streams/{stream}/")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#pill")).to_have_text("Live now")


def wait(page: Page, script: str, least: float, *, milliseconds: int = PATIENCE_MS) -> None:
    """Wait until a figure of the page is reached."""
    page.wait_for_function(f"async () => (await ({script})()) >= {least}", timeout=milliseconds)


def loudness(page: Page) -> str:
    """Return a script that gives the received energy since now; a second at full scale gives 1."""
    before: dict[str, float] = page.evaluate(ENERGY)
    return f"async () => (await ({ENERGY})()).energy - {before['energy']}"


def test_the_echo_returns_speech(server: Server, speaker: Callable[[str], Browser]) -> None:
    """The echo is silent at first, then returns the speech at its own volume."""
    page = enter(speaker("computer"), server, "echo")
    troubles = page_errors(page)
    expect(page.locator("#messages")).to_contain_text("You began to speak")
    now = page.evaluate(f"async () => [(await ({ENERGY})()).energy, document.getElementById('messages').textContent]")
    assert now[0] < 1e-5 or "The answer begins" in now[1]  # on a busy machine the answer may be there before this question
    heard = loudness(page)
    expect(page.locator("#messages")).to_contain_text("The answer begins")
    wait(page, heard, 0.002)
    page.get_by_role("button", name="Stop").click()
    assert troubles == []


def test_a_note_becomes_an_insight_of_the_open_conversation(server: Server, speaker: Callable[[str], Browser]) -> None:
    """The stop word is an output, the words after it are shown and stored, and another window of the conversation gets the insight."""
    browser = speaker("note")
    talk = enter(browser, server, "conversation")
    expect(talk.locator("#outputs")).to_contain_text("Conversation ")
    page = talk.context.new_page()
    begin(page, server, "voice-notes")
    expect(page.locator("#messages")).to_contain_text("Stop word")
    expect(page.locator("#outputs")).to_contain_text("note: Send the report to Anna by Friday.")
    expect(talk.locator("#outputs").get_by_text("Send the report to Anna by Friday.", exact=True).first).to_be_visible()
    page.get_by_role("link", name="Open the conversation").first.click()
    expect(page.get_by_text("Send the report to Anna by Friday.", exact=True).first).to_be_visible()
    assert ["action_item", "Send the report to Anna by Friday."] in insights(server)
    talk.get_by_role("button", name="Stop").click()


def insights(server: Server) -> list[Any]:
    """Return type and text of all insights in the server's database, and check that there is one conversation."""
    code = (
        "import json; from insights.models import Conversation, Insight; assert Conversation.objects.count() == 1; "
        "print(json.dumps(list(Insight.objects.values_list('type', 'text'))))"
    )
    found: list[Any] = json.loads(server.manage("shell", "--no-imports", "-c", code))
    return found


def test_moving_objects_are_detected(server: Server, open_browser: Launch, tmp_path: Path) -> None:
    """The moving square gets a green frame and its position is an output; with the highest threshold nothing is detected."""
    page = enter(open_browser(None, f"--use-file-for-fake-video-capture={film(tmp_path / 'square.y4m')}"), server, "motion")
    expect(page.locator("#outputs")).to_contain_text("moving: 1")
    wait(page, GREEN, 200)
    page.get_by_label("Threshold").fill("1")
    expect(page.locator("#outputs")).to_contain_text("moving: 0")
    page.wait_for_function(f"() => ({GREEN})() < 50")


def test_the_tone_follows_its_volume(server: Server, open_browser: Launch) -> None:
    """The tone has the volume of the form: loud, then silent."""
    page = enter(open_browser(), server, "tone")
    wait(page, loudness(page), 0.01)
    page.get_by_label("Volume").fill("0")
    expect(page.locator("#inputs-state")).to_contain_text("Sent")
    page.wait_for_function(SILENT_NOW)


def test_a_conversation_is_transcribed(server: Server, speaker: Callable[[str], Browser]) -> None:
    """Speech gives messages, and its question is an insight."""
    page = enter(speaker("question"), server, "conversation")
    for kind in ("message response", "insight response"):
        line = page.locator("#outputs li").filter(has_text=kind).first
        expect(line).to_contain_text("Shall we start with the budget?")
