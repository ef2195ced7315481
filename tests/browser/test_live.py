"""The live page with a real server, the shipped recogniser, and a microphone that plays recorded speech."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import page_errors, recorded_speech, sign_in
from tests.servers import Server, copied
from tests.speech import RATE, decoded, wav
from tests.speech.talk import PCM_RATE, talk

SITE = {"DJANGO_SETTINGS_MODULE": "tests.browser.site.settings"}
TOLD = "#turns .message"
KEEP_SOCKETS = """
    window.sockets = [];
    window.WebSocket = class extends WebSocket { constructor(...all) { super(...all); window.sockets.push(this); } };
"""
KEEP_LOCKS = """
    window.locks = [];
    const { request } = WakeLock.prototype;
    WakeLock.prototype.request = async function (...all) {
      const lock = await request.apply(this, all);
      locks.push(lock);
      return lock;
    };
"""
KEEP_WORDS = """
    window.seen = { pills: "", interims: "" };
    new MutationObserver(() => {
      for (const [kept, id] of [["pills", "pill"], ["interims", "interims"]]) {
        seen[kept] += ` ${document.getElementById(id)?.textContent ?? ""}`;
      }
    }).observe(document, { subtree: true, childList: true, characterData: true });
"""
"""What stands on the page for a moment only."""
TWO_CITIES = ("best", "worst", "wisdom", "foolishness", "belief", "incredulity") + ("times", "age", "epoch") * 2
"""Two words of each of the first clauses, such as "the age of wisdom"."""
QUIET_S = 6.0
NO_MICROPHONE = {
    "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError') }": "Microphone access is blocked",
    "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError') }": "No microphone was found",
    "AudioContext.prototype.resume = () => new Promise(() => {}); "
    "Object.defineProperty(AudioContext.prototype, 'state', {value: 'suspended'})": "sound does not start",  # Firefox without loudspeakers
    "Object.defineProperty(navigator, 'mediaDevices', {value: undefined})": "over https",
}


@pytest.fixture(scope="module")
def hearing_server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the shipped recogniser, and an account on it."""
    yield from run_server(account_data, tmp_path_factory.mktemp("hearing"), "moonshine")


@pytest.fixture(scope="module")
def scripted_server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that recognises one sentence in each two seconds of audio, and an account on it."""
    yield from run_server(account_data, tmp_path_factory.mktemp("scripted"), "scripted")


def run_server(template: Path, folder: Path, recogniser: str) -> Iterator[Server]:
    """Run one server for all tests of this file, which use separate conversations."""
    server = Server(copied(template, folder / "data"), {**SITE, "RECOGNISER": recogniser})
    server.start()
    yield server
    server.kill()


def enter(browser: Browser, server: Server, **context: object) -> Page:
    """Return a signed-in page of a new browser window with permission for the microphone."""
    # The live page moves all the time: Chromium would draw it sixty times a second.
    page = browser.new_context(permissions=["microphone"], reduced_motion="reduce", **context).new_page()  # type: ignore[arg-type]
    sign_in(page, server)
    return page


def begin(page: Page, server: Server, title: str = "Reading", path: str = "/live/") -> None:
    """Open the live page and start to speak."""
    page.goto(server.url + path)
    if title:
        page.get_by_label("Title").fill(title)
    page.locator("#start").click()
    expect(page.locator("#status")).to_have_text("Listening")


def end(page: Page) -> None:
    """Stop, and open the saved conversation."""
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("link", name="Open saved conversation").click()
    page.wait_for_url(re.compile(r"/conversations/\d{16}/$"))


def wait_for_word(page: Page, word: str) -> None:
    """Wait until a word is shown, interim or final; on a busy machine there may be no interim result."""
    page.wait_for_function(f"() => (seen.interims + document.getElementById('turns').textContent).includes('{word}')")


def once(path: Path, sound: np.ndarray) -> Path:
    """Write a file for a microphone that plays the sound once, after the time in which a busy machine starts the page's audio."""
    silence = np.zeros(int(QUIET_S * RATE), np.int16)
    return Path(f"{wav(path, np.concatenate((silence, sound)))}%noloop")


def said(page: Page) -> list[str]:
    """Return the messages on a page, live or saved."""
    return [text.strip() for text in page.locator(".message:not(.interim)").all_inner_texts()]


def colours(page: Page) -> dict[str, str]:
    """Return the colour of each speaker of a page, live or saved, by name."""
    found = page.locator(".turns .turn").evaluate_all(
        "turns => turns.map((turn) => [turn.querySelector('strong, .name').textContent, turn.className.match(/v\\d/)[0]])"
    )
    return dict(found)


def test_speech_is_shown_live_and_saved(hearing_server: Server, open_browser: Callable[..., Browser], tmp_path: Path) -> None:
    """Interim results are followed by final ones; after Stop the saved page and the search have the same words."""
    page = enter(open_browser(once(tmp_path / "tale.wav", decoded(recorded_speech()))), hearing_server)
    page.add_init_script(KEEP_WORDS)
    troubles = page_errors(page)
    begin(page, hearing_server, "A tale")
    page.wait_for_function("() => /\\w{3}/.test(seen.interims)")
    expect(page.locator("#turns")).to_contain_text("It was the best of times")
    expect(page.locator("#topics-part")).to_be_visible()
    assert page.locator("#meter").evaluate("meter => getComputedStyle(meter.children[2]).getPropertyValue('--level')")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("link", name="Open saved conversation")).to_be_visible()
    live = said(page)
    page.get_by_role("link", name="Open saved conversation").click()
    page.wait_for_url(re.compile(r"/conversations/\d{16}/$"))
    assert said(page) == live
    assert page.locator("h1").inner_text() == "A tale"
    assert "Jane Doe" in page.locator(".members").inner_text()
    page.goto(f"{hearing_server.url}/conversations/")
    page.get_by_role("searchbox", name="Search").fill("best times")
    expect(page.locator("#results mark").first).to_have_text(re.compile("best|times"))
    assert troubles == []


def test_a_cut_connection_and_a_crash_lose_nothing_and_repeat_nothing(
    hearing_server: Server, open_browser: Callable[..., Browser], tmp_path: Path
) -> None:
    """After a broken connection and after kill -9 the page reconnects and resends the audio that was not stored."""
    page = enter(open_browser(once(tmp_path / "tale.wav", decoded(recorded_speech()))), hearing_server)
    page.add_init_script(KEEP_SOCKETS + KEEP_WORDS)
    begin(page, hearing_server)
    wait_for_word(page, "worst")
    page.evaluate("sockets.at(-1).close(4000)")
    page.wait_for_function("() => seen.pills.includes('Reconnecting')")
    expect(page.locator("#turns")).to_contain_text("best of times")
    wait_for_word(page, "epoch")
    before = said(page)
    hearing_server.kill()
    expect(page.locator("#status")).to_have_text("Connection lost")
    expect(page.get_by_role("button", name="Try now")).to_be_visible()
    expect(page.locator("#detail")).to_contain_text("Your audio is buffered and will be sent.")
    hearing_server.start()
    expect(page.locator("#status")).to_have_text("Listening")
    expect(page.get_by_role("button", name="Try now")).to_be_hidden()
    expect(page.locator("#turns")).to_contain_text("incredulity")
    end(page)
    after = said(page)
    assert after[: len(before)] == before
    wanted = Counter(TWO_CITIES)
    words = Counter(word for word in re.findall(r"[a-z]+", " ".join(after).lower()) if word in wanted)
    assert words <= wanted, after  # nothing twice
    assert (wanted - words).total() <= 1, after  # a cut through a word may cost that word, a turn that is lost costs two at least


def test_two_voices_from_one_loudspeaker(hearing_server: Server, open_browser: Callable[..., Browser], tmp_path: Path) -> None:
    """With the box "Several people speak here" each voice is a speaker of its own, live and on the saved page."""
    audio = np.frombuffer(talk("a1", "b1", "a2", "b2")[0], "<i2").repeat(RATE // PCM_RATE)
    page = enter(open_browser(once(tmp_path / "talk.wav", audio)), hearing_server)
    troubles = page_errors(page)
    page.goto(f"{hearing_server.url}/live/")
    page.get_by_label("Several people speak here").check()
    page.locator("#start").click()
    expect(page.locator("#turns .who strong")).to_have_text(["Speaker 1", "Speaker 2", "Speaker 1", "Speaker 2"])
    end(page)
    expect(page.locator(".turns .name")).to_have_text(["Speaker 1", "Speaker 2", "Speaker 1", "Speaker 2"])
    assert troubles == []


def test_two_voices_and_a_crash(hearing_server: Server, open_browser: Callable[..., Browser], tmp_path: Path) -> None:
    """After kill -9 each voice keeps its name, and nothing is lost or there twice."""
    audio = np.frombuffer(talk("a1", "b1", "a2", "b2")[0], "<i2").repeat(RATE // PCM_RATE)
    page = enter(open_browser(once(tmp_path / "talk.wav", audio)), hearing_server)
    page.goto(f"{hearing_server.url}/live/")
    page.get_by_label("Several people speak here").check()
    page.locator("#start").click()
    names = page.locator("#turns .who strong")
    expect(names.nth(1)).to_have_text("Speaker 2")
    before = said(page)
    hearing_server.kill()
    expect(page.locator("#status")).to_have_text("Connection lost")
    hearing_server.start()
    expect(page.locator("#status")).to_have_text("Listening")
    expect(names).to_have_text(["Speaker 1", "Speaker 2", "Speaker 1", "Speaker 2"])
    end(page)
    expect(page.locator(".turns .name")).to_have_text(["Speaker 1", "Speaker 2", "Speaker 1", "Speaker 2"])
    after = said(page)
    assert after[: len(before)] == before
    assert len(set(after)) == len(after)


def test_insights_are_beside_their_messages(scripted_server: Server, open_browser: Callable[..., Browser]) -> None:
    """Insights appear during speech, and selecting one shows its message, live and saved."""
    page = enter(open_browser(recorded_speech()), scripted_server)
    begin(page, scripted_server)
    expect(page.locator("#insights [data-kind=question]").first).to_contain_text("Shall we start with the budget?")
    page.locator("#insights [data-kind=question] a").first.press("Enter")
    assert "budget" in page.evaluate("document.activeElement.textContent")
    end(page)
    assert page.locator(".insight[data-kind=question]").count() >= 1
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
    page.locator(".insight[data-kind=question] a").first.click()
    assert page.locator(".message.selected").inner_text() == "Shall we start with the budget?"


def test_a_second_speaker_and_a_watcher_see_the_same(scripted_server: Server, open_browser: Callable[..., Browser]) -> None:
    """Both open the invitation's URLs in their own windows and see every message once, with names."""
    browser = open_browser(recorded_speech())
    first = enter(browser, scripted_server)
    begin(first, scripted_server)
    first.get_by_role("button", name="Invite").click()
    first.get_by_role("button", name="Create link").click()
    speak = first.get_by_label("To speak").input_value()
    first.get_by_label("People may").select_option("Watch only")
    first.get_by_role("button", name="Create link").click()
    watch = first.get_by_label("To watch").input_value()
    first.get_by_role("button", name="Close").click()
    expect(first.locator(TOLD).first).to_be_visible()

    second, watcher = first.context.new_page(), first.context.new_page()
    watcher.goto(watch)
    expect(watcher.locator(TOLD).first).to_have_text("Shall we start with the budget?")
    second.goto(speak)
    second.get_by_label("Your name").fill("Ben")
    second.get_by_role("button", name="Join and speak").click()
    for page in (first, second, watcher):
        expect(page.locator("#turns .who strong", has_text="Ben").first).to_be_visible()
        expect(page.locator("#turns .who strong", has_text="Jane Doe").first).to_be_visible()
    assert watcher.locator("#stop").count() == 0
    live = colours(first)
    assert colours(watcher) == colours(second) == live
    assert len(set(live.values())) == len(live) == 2
    second.get_by_role("button", name="Stop").click()
    expect(second.locator("#pill")).to_have_text("Saved")
    end(first)
    expect(watcher.locator("#status")).to_have_text("The conversation is saved")
    assert said(watcher) == said(first)
    assert colours(first) == live  # the saved page


def test_a_phone_shows_one_pane_at_a_time(scripted_server: Server, open_browser: Callable[..., Browser]) -> None:
    """Nothing is wider than the screen, the stop button is visible, and an insight links to the transcript."""
    page = enter(open_browser(recorded_speech()), scripted_server, viewport={"width": 390, "height": 700}, has_touch=True)
    begin(page, scripted_server)
    expect(page.locator(TOLD).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("#stop").bounding_box()["y"] < 700  # type: ignore[index]
    assert page.locator("#mute .word").bounding_box()["width"] > 20  # type: ignore[index]  # it is seen, not only read out
    assert page.locator("#mute .word").evaluate("word => getComputedStyle(word).clipPath") == "none"
    page.get_by_role("button", name=re.compile("^Insights")).tap()
    expect(page.locator("#words")).to_be_hidden()
    page.locator("#insights a").first.tap()
    expect(page.locator("#words")).to_be_visible()


def rows_of_controls(page: Page) -> set[float]:
    """Return the top edges of the visible controls of the dock; check that each shows its whole label within the screen."""
    width = page.viewport_size["width"]  # type: ignore[index]
    controls = page.locator(".dock .controls > :not([hidden])")
    labels = [text.strip() for text in controls.all_inner_texts()]
    assert all(labels)
    boxes = [box for control in controls.all() if (box := control.bounding_box())]
    assert len(boxes) == len(labels)
    for label, box in zip(labels, boxes, strict=True):
        assert box["x"] >= 0, (label, width)
        assert box["x"] + box["width"] <= width, (label, width)
    shown = "word => getComputedStyle(word).clipPath === 'none' && word.getBoundingClientRect().width > 20"
    assert all(word.evaluate(shown) for word in page.locator(".dock .controls > :not([hidden]) .word").all())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    return {box["y"] for box in boxes}


def test_the_controls_of_a_speaker_take_two_rows_on_a_narrow_phone(scripted_server: Server, open_browser: Callable[..., Browser]) -> None:
    """The check covers labels, both colour schemes, and the states speaking, muted, paused and connection lost."""
    page = enter(open_browser(recorded_speech()), scripted_server, viewport={"width": 360, "height": 700}, has_touch=True)
    begin(page, scripted_server)

    def check(count: int) -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            for width in (390, 360, 320):
                page.set_viewport_size({"width": width, "height": 700})
                assert page.locator(".dock .controls > :not([hidden])").count() == count
                assert len(rows_of_controls(page)) <= 2, (scheme, width)

    check(5)
    page.get_by_role("button", name="Mute", exact=True).tap()
    expect(page.locator("#mute")).to_have_text("Unmute")
    check(5)
    page.get_by_role("button", name="Pause").tap()
    expect(page.locator("#pause")).to_have_text("Resume")
    check(5)
    page.locator("#try-now").evaluate("button => { button.hidden = false; }")  # as in the state `lost`, which lasts for a second
    check(6)


def test_without_a_microphone_the_page_says_what_to_do(scripted_server: Server, open_browser: Callable[..., Browser]) -> None:
    """A refused, a missing and an insecure-origin microphone each have an explanation and a retry."""
    page = enter(open_browser(), scripted_server)
    for script, text in NO_MICROPHONE.items():
        page.goto(f"{scripted_server.url}/live/")
        page.evaluate(f"() => {{ {script} }}")
        page.locator("#start").click()
        expect(page.get_by_role("alert")).to_contain_text(text)
        expect(page.locator("#start")).to_be_enabled()
        page.get_by_role("alert").get_by_role("button", name="Close").click()
        expect(page.get_by_role("alert")).to_be_empty()
        expect(page.locator("#start")).to_be_focused()


def test_the_page_shows_the_muted_state(scripted_server: Server, open_browser: Callable[..., Browser]) -> None:
    """It also shows when the microphone is on again; a conversation without a title shows its stored name."""
    page = enter(open_browser(recorded_speech()), scripted_server)
    begin(page, scripted_server, "")
    title = page.locator("#name").inner_text()
    assert title.startswith("Conversation, ")
    page.get_by_role("button", name="Mute").click()
    expect(page.locator("#status")).to_have_text("Muted")
    page.get_by_role("button", name="Unmute").click()
    expect(page.locator("#status")).to_have_text("Listening")
    expect(page.locator(TOLD).first).to_be_visible()
    end(page)
    assert page.locator("h1").inner_text() == title


def test_the_screen_stays_on_while_somebody_speaks(scripted_server: Server, open_browser: Callable[..., Browser]) -> None:
    """The page asks for it again after it was hidden, and gives it back at the end."""
    page = enter(open_browser(recorded_speech()), scripted_server)
    page.context.grant_permissions(["microphone", "screen-wake-lock"])
    page.add_init_script(KEEP_LOCKS)
    begin(page, scripted_server)
    page.wait_for_function("() => locks.length === 1")
    page.evaluate("locks[0].release()")  # as the browser does when the page is hidden
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_function("() => locks.length === 2 && !locks[1].released")
    page.get_by_role("button", name="Stop").click()
    page.wait_for_function("() => locks[1].released")


def test_the_microphone_is_chosen_and_remembered(scripted_server: Server, open_browser: Callable[..., Browser]) -> None:
    """The choice before the start holds after a reload; another microphone can be chosen while speaking."""
    page = enter(open_browser(whole=True), scripted_server)
    page.goto(f"{scripted_server.url}/live/")
    page.locator("#setup").get_by_label("Microphone").select_option(label="Fake Audio Input 1")
    begin(page, scripted_server)
    assert page.evaluate("localStorage.getItem('parley-microphone')")
    page.get_by_role("button", name="Choose the microphone").click()
    other = page.locator("#other-microphone")
    expect(other.locator("option:checked")).to_have_text("Fake Audio Input 1")
    other.select_option(label="Fake Audio Input 2")
    expect(other.locator("option:checked")).to_have_text("Fake Audio Input 2")
    page.keyboard.press("Escape")
    count = page.locator(TOLD).count()
    expect(page.locator(TOLD).nth(count + 1)).to_be_visible()  # it is heard
    assert page.locator(".notice.bad").count() == 0
    end(page)


def test_the_page_reports_a_sign_out(scripted_server: Server, open_browser: Callable[..., Browser]) -> None:
    """The page stops its retries."""
    page = enter(open_browser(recorded_speech()), scripted_server)
    page.add_init_script(KEEP_SOCKETS)
    begin(page, scripted_server)
    page.context.clear_cookies()
    page.evaluate("sockets.at(-1).close(4000)")
    expect(page.get_by_role("alert")).to_contain_text("You were signed out")


def test_a_mark_appears_on_every_page(scripted_server: Server, open_browser: Callable[..., Browser]) -> None:
    """The key m marks the moment; a watcher sees it, Undo removes it from both pages, and the saved page has those that are left."""
    page = enter(open_browser(recorded_speech()), scripted_server)
    begin(page, scripted_server)
    expect(page.locator(TOLD).first).to_be_visible()
    watcher = page.context.new_page()
    watcher.goto(page.url.replace("/live/", "/watch/"))
    expect(watcher.locator("#status")).to_have_text("Watching")
    page.keyboard.press("m")
    for one in (page, watcher):
        expect(one.locator("#turns .note")).to_contain_text("Marked moment · Jane Doe")
    page.get_by_role("button", name="Undo").click()
    for one in (page, watcher):
        expect(one.locator("#turns .note")).to_have_count(0)
    watcher.get_by_role("button", name="Mark").click()
    for one in (page, watcher):
        expect(one.locator("#turns .note")).to_have_count(1)
    end(page)
    expect(page.locator(".bookmarks")).to_contain_text("Marked moment")
    assert page.locator(".bookmarks li").count() == 1


TAB = """
    navigator.mediaDevices.getDisplayMedia = async () => {
      if (window.withoutAudio) return document.createElement("canvas").captureStream();
      window.shared = (await navigator.mediaDevices.getUserMedia({ audio: true })).getAudioTracks()[0];
      const picture = document.createElement("canvas").captureStream().getVideoTracks()[0];
      return new MediaStream([shared, picture]);
    };
"""
"""A browser that shares the audio of a tab; headless Chromium has no dialog to choose it in."""


def test_the_audio_of_a_tab_is_a_second_speaker(scripted_server: Server, open_browser: Callable[..., Browser]) -> None:
    """The others of a remote meeting are "Them"; their part ends with the share, or with Stop, and the microphone goes on without it."""
    page = enter(open_browser(recorded_speech()), scripted_server)
    page.add_init_script(TAB)
    page.goto(f"{scripted_server.url}/live/")
    page.get_by_label("Remote meeting").check()
    page.locator("#start").click()
    expect(page.locator("#status")).to_have_text("Listening")
    for name in ("Them", "Jane Doe"):
        expect(page.locator("#turns .who strong", has_text=name).first).to_be_visible()
    colours = page.locator("#turns .turn").evaluate_all(
        "turns => turns.map((turn) => turn.className + turn.querySelector('strong').textContent)"
    )
    assert len(set(colours)) == 2
    page.evaluate("shared.stop(); shared.dispatchEvent(new Event('ended'))")  # the browser's "Stop sharing"
    expect(page.locator("#turns")).to_contain_text("The audio of the tab has ended")
    count = page.locator(TOLD).count()
    expect(page.locator(TOLD).nth(count + 1)).to_be_visible()
    page.evaluate("window.withoutAudio = true")
    page.get_by_role("button", name="Choose the microphone").click()
    page.get_by_role("button", name="Add the audio of a tab").click()
    expect(page.get_by_role("alert")).to_contain_text("No audio was shared.")
    page.evaluate("window.withoutAudio = false")
    page.get_by_role("button", name="Choose the microphone").click()
    page.get_by_role("button", name="Add the audio of a tab").click()
    expect(page.locator("#turns .note")).to_have_count(3)
    end(page)
    assert {"Them", "Jane Doe"} <= set(page.locator(".members .name").all_inner_texts())
