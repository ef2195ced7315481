"""The page of a saved conversation in Chromium: edits that others see, playback from a word, find, export, keyboard, accessibility."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conversation_page import PHONE, Reader, Site, imported, open_page, signed_in
from tests.browser.test_accessibility import faults
from tests.servers import Server, copied

IMPORT_S = 240.0
SPOKEN = """
    () => {
      const [range] = CSS.highlights.get('spoken') ?? [];
      return range ? range.startContainer.data.slice(range.startOffset, range.endOffset).trim() : '';
    }
"""
"""The word that is highlighted as spoken."""
FOUND = "() => [...(CSS.highlights.get('found') ?? [])].map((range) => range.startContainer.data.slice(range.startOffset, range.endOffset))"


def wait(done: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + IMPORT_S
    while not done():
        assert time.monotonic() < deadline
        threading.Event().wait(0.2)


@pytest.fixture(scope="module")
def site(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with a worker and the shipped recogniser, and the demo imported with its audio."""
    data = copied(account_data, tmp_path_factory.mktemp("conversation") / "data")
    server = Server(data, {"RECOGNISER": "moonshine", "WORKER_NICE": "0"}, worker=True)
    server.start()
    yield Site(server, imported(server, wait), signed_in(server))
    server.kill()


@pytest.fixture
def browser(module_browser: Browser) -> Iterator[Browser]:
    """The browser of the file; its windows are closed after each test."""
    yield module_browser
    for context in module_browser.contexts:
        context.close()


@pytest.fixture
def reader(browser: Browser, site: Site) -> Iterator[Reader]:
    """A window on the page, which must not have had an exception or a violation of the security policy."""
    reader = open_page(browser, site)
    yield reader
    assert reader.troubles == []


def test_an_edit_of_a_sentence_is_seen_by_another_window_and_undone(reader: Reader, browser: Browser, site: Site) -> None:
    """Enter saves; the other window shows the words and "Edited"; Undo restores them in both, and both changes are in the history."""
    other = open_page(browser, site)
    sentence = reader.message("No problem.")
    sentence.click()
    reader.page.get_by_role("toolbar", name="Sentence").get_by_role("button", name="Edit").click()
    reader.page.keyboard.type(" Let us begin.")
    reader.page.keyboard.press("Enter")
    expect(other.message("No problem. Let us begin.")).to_have_count(1)
    expect(other.page.locator(".said .tag")).to_have_text("Edited")
    reader.undo()
    expect(other.message("Let us begin.")).to_have_count(0)
    expect(other.page.locator(".said .tag")).to_have_count(0)
    other.page.get_by_role("button", name="History").click()
    rows = other.page.locator(".changes li")
    expect(rows.nth(0)).to_contain_text("Undo: Edited a sentence")
    expect(rows.nth(1).locator("ins")).to_have_text("No problem. Let us begin.")
    rows.nth(0).get_by_role("button").click()  # undo the undoing
    expect(reader.message("No problem. Let us begin.")).to_have_count(1)
    expect(rows.nth(0)).to_contain_text("Edited a sentence")
    rows.nth(0).get_by_role("button").click()
    expect(reader.message("Let us begin.")).to_have_count(0)
    assert "No problem." in [message["text"] for message in site.read("/messages")["messages"]]


def test_a_sentence_that_is_being_edited_stays_while_another_one_changes(reader: Reader, browser: Browser, site: Site) -> None:
    """A change by somebody else does not take away what is being written; Escape leaves the words as they were."""
    sentence = reader.message("No problem.")
    sentence.click()
    reader.page.keyboard.press("e")
    reader.page.keyboard.type(" Not saved")
    status, answer = site.server.send("PUT", f"/v1/conversations/{site.conversation}", site.token, {"name": "Berlin"})
    assert status == 200, answer
    expect(reader.page.locator("h1")).to_have_text("Berlin")
    expect(sentence).to_have_text("No problem. Not saved")
    reader.page.keyboard.press("Escape")
    expect(sentence).to_have_text("No problem.")
    site.server.send("POST", f"/v1/conversations/{site.conversation}/changes/{answer['changeId']}/undo", site.token)
    expect(reader.page.locator("h1")).to_have_text("Launch in Berlin")


def test_a_sentence_is_split_and_joined(reader: Reader) -> None:
    """The split is at the cursor, and each can be undone."""
    page = reader.page
    count = page.locator(".message").count()
    reader.message("The launch date, and").click()
    page.keyboard.press("e")
    page.keyboard.press("Home")
    for _ in range(len("The launch date,")):
        page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Split here").click()
    expect(page.locator(".message")).to_have_count(count + 1)
    expect(page.locator(".message", has_text="The launch date,")).to_have_text("The launch date,")
    page.locator(".message", has_text="The launch date,").click()
    page.get_by_role("toolbar", name="Sentence").get_by_role("button", name="More").click()
    page.get_by_role("button", name="Join with the next sentence").click()
    expect(page.locator(".message")).to_have_count(count)


def choose(reader: Reader, name: str, scope: str, paragraph: int = 0) -> None:
    """Fill in the dialog of the speaker of a paragraph."""
    reader.page.locator(".turn .name").nth(paragraph).click()
    dialog = reader.page.get_by_role("dialog", name="Speaker")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label(scope).check()
    dialog.get_by_role("button", name="Save").click()


def test_speakers_are_renamed_split_and_merged(reader: Reader, browser: Browser, site: Site) -> None:
    """Everywhere, from a paragraph on, and only one paragraph; each is one change with one Undo, seen by others."""
    other = open_page(browser, site)
    before = reader.names()
    assert before[:4] == ["Anna", "Tom", "Anna", "Tom"]
    choose(reader, "Anna Berg", "Everything that Anna said")
    expect(other.page.locator(".turn .name").first).to_have_text("Anna Berg")
    reader.shows_names(["Anna Berg" if name == "Anna" else name for name in before])
    reader.undo()
    reader.shows_names(before)
    choose(reader, "Maria", "From here on", 2)
    reader.shows_names(["Anna", "Tom", *("Maria" if name == "Anna" else name for name in before[2:])])
    choose(reader, "Anna", "Everything that Maria said", 2)  # the name of another member: the two are merged
    for one in (reader, other):
        one.shows_names(before)
    choose(reader, "Maria", "Only this paragraph", 2)
    reader.shows_names([*before[:2], "Maria", *before[3:]])
    reader.undo()
    for one in (reader, other):
        one.shows_names(before)


def test_an_insight_is_added_edited_done_and_rejected(reader: Reader, browser: Browser, site: Site) -> None:
    """From a sentence to a task with a person and a date, seen by another window."""
    other = open_page(browser, site)
    reader.message("The delivery was two weeks late.").click()
    reader.page.get_by_role("button", name="Add", exact=True).click()
    reader.page.get_by_role("button", name="Action item").click()
    card = reader.page.locator(".section .insight", has_text="The delivery was two weeks late.")
    expect(card).to_have_count(1)
    card.scroll_into_view_if_needed()
    if not card.is_visible():
        reader.page.locator("#section-tasks .more").click()
    card.get_by_role("button", name="Actions").click()
    reader.page.locator("#card-menu").get_by_role("button", name="Edit").click()
    dialog = reader.page.get_by_role("dialog", name="Edit")
    dialog.get_by_label("Text").fill("Explain the late delivery")
    dialog.get_by_label("Assigned to").fill("Tom")
    dialog.get_by_label("Due date").fill("2026-12-24")
    dialog.get_by_role("button", name="Save").click()
    seen = other.page.locator(".section .insight", has_text="Explain the late delivery")
    for text in ("Tom", "Due 24 Dec 2026", "Edited"):
        expect(seen).to_contain_text(text)
    card = reader.page.locator(".section .insight", has_text="Explain the late delivery")
    card.get_by_role("checkbox").check()
    expect(seen.locator("input")).to_be_checked()
    stored = next(one for one in site.read("/action-items")["actionItems"] if one["text"] == "Explain the late delivery")
    assert stored["assignee"]["name"] == "Tom"
    assert stored["dueBy"] == "2026-12-24T23:59:59.000Z"  # it is not late before the day is over
    card.focus()
    reader.page.keyboard.press("r")
    expect(other.page.locator("#section-rejected")).to_contain_text("Explain the late delivery")
    assert all(one["text"] != "Explain the late delivery" for one in site.read("/action-items")["actionItems"])


def test_the_evidence_of_a_card_is_one_click_away(reader: Reader) -> None:
    """The place of a card selects its sentence, and the mark of the sentence leads back to the card."""
    card = reader.page.locator("#section-tasks .insight").first
    card.locator("a.place").click()
    selected = reader.page.locator(".message.selected")
    expect(selected).to_be_focused()
    assert selected.get_attribute("id") == f"m-{card.get_attribute('data-message')}"
    reader.page.locator(".message.selected + a.mark").click()
    expect(card).to_be_focused()


def test_audio_plays_from_a_word_and_lights_up_the_words(reader: Reader, site: Site) -> None:
    """A click on a word starts there; the highlighted word is the one that was recognised at that second."""
    page = reader.page
    began = datetime.fromisoformat(site.read()["startTime"])
    words = [(one["word"], (datetime.fromisoformat(one["startTime"]) - began).total_seconds()) for one in site.words()]
    at = next(seconds for word, seconds in words if word == "launch")
    sentence = reader.message("the launch date, and who talks")
    box = sentence.evaluate(
        """(sentence) => {
          const range = document.createRange(), at = sentence.textContent.indexOf('launch');
          sentence.scrollIntoView({ block: 'center' });
          range.setStart(sentence.firstChild, at); range.setEnd(sentence.firstChild, at + 6);
          const { x, y, width, height } = range.getBoundingClientRect();
          return [x + width / 2, y + height / 2];
        }"""
    )
    page.mouse.click(*box)
    page.wait_for_function("() => !document.getElementById('playback').paused && document.getElementById('playback').readyState > 2")
    page.wait_for_function(f"() => ({SPOKEN})() === 'launch'")
    assert at - 0.2 <= page.evaluate("document.getElementById('playback').currentTime") <= at + 5
    page.wait_for_function(f"() => (({SPOKEN})() || 'launch') !== 'launch'")
    page.get_by_role("button", name="Pause").click()
    now = page.evaluate("document.getElementById('playback').currentTime")
    spoken = page.evaluate(SPOKEN)
    begun = [word for word, seconds in words if seconds <= now + 0.1]
    assert not spoken or spoken in begun[-4:]
    page.get_by_label("Speed").select_option("2")
    assert page.evaluate("document.getElementById('playback').playbackRate") == 2
    page.get_by_role("button", name="Skip silence").click()
    expect(page.get_by_role("button", name="Skip silence")).to_have_attribute("aria-pressed", "true")


def test_play_works_again_after_a_failure(reader: Reader) -> None:
    """Audio that could not be loaded is loaded again; the page need not be."""
    page = reader.page
    page.route("**/audio", lambda route: route.abort())
    page.reload()
    expect(page.locator(".toast")).to_have_text("The audio cannot be played. It may have been deleted.")
    page.unroute("**/audio")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => document.getElementById('playback').currentTime > 0")


def test_the_outline_leads_to_sentences_and_marks_the_place(reader: Reader) -> None:
    """Beside the transcript on a desktop; on a narrow screen the insights are above it, and this conversation has no headings."""
    page = reader.page
    entry = page.locator("#outline a").last
    entry.click()
    expect(page.locator(f"{entry.get_attribute('href')}.selected")).to_be_visible()
    expect(entry).to_have_attribute("aria-current", "location")
    page.evaluate("scrollTo(0, 0)")
    expect(page.locator("#outline [aria-current]")).to_have_count(0)
    page.set_viewport_size({"width": 900, "height": 800})
    expect(page.locator("#outline")).to_be_hidden()


def test_the_timeline_leads_to_its_time(reader: Reader) -> None:
    """A click in the middle selects the sentence that is said there."""
    picture = reader.page.locator("#timeline-picture")
    box = picture.bounding_box()
    assert box is not None
    picture.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    selected = reader.page.locator(".message.selected")
    seconds = float(reader.page.locator("#timeline").get_attribute("data-seconds") or 0)
    at = float(selected.get_attribute("data-at") or 0)
    assert seconds / 2 - 20 < at <= seconds / 2


def test_words_are_found(reader: Reader) -> None:
    """A slash opens the field; hits are counted and highlighted; Enter goes on; Escape ends at the sentence."""
    page = reader.page
    page.keyboard.press("/")
    expect(page.locator("#find-words")).to_be_focused()
    page.keyboard.type("BERLIN")
    expect(page.locator("#find-count")).to_have_text("1 of 2")
    assert page.evaluate(FOUND) == ["Berlin", "Berlin"]
    page.keyboard.press("Enter")
    expect(page.locator("#find-count")).to_have_text("2 of 2")
    page.keyboard.press("Enter")
    expect(page.locator("#find-count")).to_have_text("1 of 2")
    page.keyboard.press("Escape")
    expect(page.locator(".message.selected")).to_contain_text("Berlin")
    page.keyboard.press("/")
    page.keyboard.type("nothing of this")
    expect(page.locator("#find-count")).to_have_text("No results")


def test_found_words_are_replaced_everywhere(reader: Reader, site: Site) -> None:
    """Whole words in all sentences, as one change: Undo restores them all. The new word is added to the vocabulary of the account."""
    page = reader.page
    texts = [message["text"] for message in site.read("/messages")["messages"]]
    page.keyboard.press("/")
    page.keyboard.type("ber")
    page.get_by_role("button", name="Replace…").click()
    expect(page.locator(".toast")).to_contain_text("only a part of longer words")
    page.locator("#find-words").fill("berlin")
    page.get_by_role("button", name="Replace…").click()
    expect(page.locator("#replace-effect")).to_contain_text("2 places")
    page.get_by_label("Replace with").fill("Bern")
    page.get_by_label("Add it to my vocabulary").check()
    page.get_by_role("button", name="Replace all").click()
    expect(page.locator(".toast")).to_contain_text("changed")
    places = sum("Berlin" in text for text in texts)
    expect(page.locator(".message", has_text="Bern")).to_have_count(places)
    expect(page.locator(".message", has_text="Berlin")).to_have_count(0)
    assert [message["text"] for message in site.read("/messages")["messages"]] == [text.replace("Berlin", "Bern") for text in texts]
    reader.undo()
    expect(page.locator(".message", has_text="Berlin")).to_have_count(places)
    assert [message["text"] for message in site.read("/messages")["messages"]] == texts
    status, answer = site.server.get("/v1/manage/vocabulary", site.token)
    assert (status, answer) == (200, {"vocabulary": ["Bern"]})


def test_everything_is_exported(reader: Reader) -> None:
    """The menu has all formats, each of which is a file; the minutes are copied."""
    page = reader.page
    page.get_by_role("button", name="Export").click()
    formats = page.locator("#export-menu [formaction]")
    expect(formats.first).to_be_focused()
    addresses = [str(button.get_attribute("formaction")) for button in formats.all()]
    assert [address.rpartition("download.")[2] for address in addresses] == ["minutes.md", "docx", "md", "txt", "srt", "vtt", "json"]
    for address in addresses:
        answer = page.request.get(urljoin(page.url, address))
        assert answer.status == 200
        assert "attachment" in answer.headers["content-disposition"]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Copy as minutes").click()
    expect(page.locator(".toast")).to_have_text("Minutes copied")
    minutes = page.evaluate("navigator.clipboard.readText()")
    assert minutes.startswith("# Launch in Berlin")
    assert "Maria" in minutes


def test_a_bookmark_is_added_and_deleted(reader: Reader) -> None:
    """It is above the transcript and in the timeline, and leads to its sentence."""
    page = reader.page
    reader.message("Let us talk again on Thursday.").click()
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Bookmark").click()
    page.get_by_role("dialog", name="New bookmark").get_by_label("Name").fill("The next date")
    page.get_by_role("button", name="Add bookmark").click()
    mark = page.get_by_role("link", name="The next date")
    expect(mark).to_be_visible()
    expect(page.locator(".legend")).to_contain_text("Bookmarks 1")
    mark.click()
    expect(page.locator(".message.selected")).to_have_text("Let us talk again on Thursday.")
    page.get_by_role("button", name="Delete the bookmark The next date").click()
    expect(mark).to_have_count(0)


def test_the_keyboard_is_enough(reader: Reader) -> None:
    """Arrows, Enter, Tab, e, space, a, z and ? reach what the pointer reaches."""
    page = reader.page
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".turn .time").first.press("Enter")
    first = page.locator(".message").first
    expect(first).to_be_focused()
    page.keyboard.press("ArrowDown")
    second = page.locator(".message").nth(1)
    expect(second).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("toolbar", name="Sentence").get_by_role("button", name="Play")).to_be_focused()
    page.keyboard.press("Escape")
    expect(second).to_be_focused()
    words = second.inner_text()
    page.keyboard.press("e")
    page.keyboard.type(" Indeed.")
    page.keyboard.press("Enter")
    expect(second).to_have_text(f"{words} Indeed.")
    expect(second).to_be_focused()
    page.keyboard.press("z")
    expect(second).to_have_text(words)
    page.keyboard.press(" ")
    page.wait_for_function("() => !document.getElementById('playback').paused")
    page.keyboard.press(" ")
    page.wait_for_function("() => document.getElementById('playback').paused")
    card = page.locator("#section-tasks .insight").first
    card.focus()
    page.keyboard.press("a")
    expect(card).to_contain_text("Accepted")
    page.keyboard.press("z")
    expect(card).not_to_contain_text("Accepted")


DIALOGS = {
    "help": "document.getElementById('open-help').click()",
    "delete": "document.getElementById('open-delete').click()",
    "history": "document.getElementById('open-history').click()",
    "speaker-dialog": "document.querySelector('.turn .name').click()",
    "ask": "document.querySelector('[data-do=title]').click()",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(browser: Browser, site: Site, scheme: Any) -> None:
    """At rest, with a selected sentence, while editing, while playing, in each menu and dialog; in both schemes."""
    reader = open_page(browser, site, color_scheme=scheme)
    page = reader.page
    assert faults(page) == []
    reader.message("No problem.").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    assert faults(page) == []
    page.keyboard.press(" ")
    page.keyboard.press("e")
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
    for menu in ("export-menu", "more-menu", "sentence-menu", "add-menu", "card-menu"):
        page.locator(f"#{menu}").evaluate("menu => menu.showPopover()")
        assert faults(page) == [], menu
        page.keyboard.press("Escape")
    for dialog, opening in DIALOGS.items():
        page.evaluate(opening)
        expect(page.locator(f"#{dialog}")).to_be_visible()
        assert faults(page) == [], dialog
        page.keyboard.press("Escape")
    assert reader.troubles == []


@pytest.mark.parametrize("width", [320, 390])
def test_nothing_is_cut_off_on_a_phone(browser: Browser, site: Site, width: int) -> None:
    """The page does not scroll sideways, at rest and with a selected sentence; what can be pressed is in the window."""
    reader = open_page(browser, site, **(PHONE | {"viewport": {"width": width, "height": 700}}), reduced_motion="reduce")
    page = reader.page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    reader.message("No problem.").tap()
    bar = page.get_by_role("toolbar", name="Sentence")
    expect(bar).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.locator("#player")).to_be_in_viewport(ratio=0.99)
    assert page.evaluate("document.getAnimations().length") == 0
    assert faults(page) == []


def test_the_page_loads_less_than_130_kilobytes(reader: Reader) -> None:
    """All stylesheets, scripts and the page itself, as they are sent."""
    sizes = reader.page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".filter(({ name }) => !name.includes('/audio')).map(({ name, encodedBodySize }) => [name, encodedBodySize])"
    )
    assert len(sizes) > 15
    assert sum(size for _, size in sizes) < 130_000, sizes


def test_a_conversation_is_deleted_now(browser: Browser, site: Site) -> None:
    """After a second question it is gone, and another window on it leaves the page."""
    status, answer = site.server.send(
        "POST", "/v1/process/text", site.token, {"name": "Old", "messages": [{"payload": {"content": "Hello there."}}]}
    )
    assert status == 201, answer
    old = Site(site.server, str(answer["conversationId"]), site.signed_in)
    wait(lambda: len(old.read("/messages")["messages"]) == 1)
    reader, other = open_page(browser, old), open_page(browser, old)
    reader.page.get_by_role("button", name="More").click()
    reader.page.get_by_role("button", name="Delete…").click()
    reader.page.get_by_role("button", name="Delete now").click()
    reader.page.get_by_role("button", name="Delete for good").click()
    expect(reader.page.get_by_text("Conversation deleted.")).to_be_visible()
    expect(other.page.get_by_text("That conversation was deleted or is no longer shared with you.")).to_be_visible()
    assert site.server.get(f"/v1/conversations/{old.conversation}", site.token)[0] == 404
