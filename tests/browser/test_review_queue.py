"""The review queue in a browser: two reviewers with the keys alone, on a telephone, without faults."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import EMAIL, PASSWORD, page_errors, sign_in
from tests.browser.test_accessibility import faults
from tests.browser.test_bin_page import PHONE, fits
from tests.servers import Server, copied

OTHER = "bo@example.com"
FOUND = f"""
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from insights import access
from insights.models import Conversation, Insight, Message, Speaker
from tests.browser.sessions import keep_session
now = timezone.now()
bo = User.objects.create_user({OTHER!r}, {OTHER!r}, {PASSWORD!r})
access.grant_role(bo, access.REVIEWER)
keep_session({OTHER!r})
owner = User.objects.create_user("owner@example.com")
talk = Conversation.objects.create(owner=owner, connection_id="talk", name="Planning", started_at=now, message_count=6)
speaker = Speaker.objects.create(conversation=talk, number=1)
for number in range(1, 7):
    said = Message.objects.create(conversation=talk, speaker=speaker, number=number, text=f"Who does task {{number}}?",
        started_at=now, ended_at=now, offset_s=10 * number)
    Insight.objects.create(conversation=talk, message=said, type="question", text=said.text, confidence=number / 10)
"""
STORED = """
import json
from insights.models import Insight, InsightReview, Reading
rows = {one.message.number: one for one in Insight.objects.select_related("message")}
opinions = {one.insight.message.number: [one.first, one.second] for one in InsightReview.objects.select_related("insight__message")}
print(json.dumps([{number: [one.review, one.text] for number, one in rows.items()}, opinions, Reading.objects.count()]))
"""


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two reviewers, a conversation of somebody else with six questions, and a second opinion wanted for each."""
    env = {"RECOGNISER": "scripted", "REVIEW_SECOND_OPINIONS": "100"}
    server = Server(copied(account_data, tmp_path_factory.mktemp("review") / "data"), env)
    server.manage("shell", "--no-imports", "-v0", "-c", FOUND)
    server.start()
    yield server
    server.kill()


def reviewer(server: Server, browser: Browser, email: str) -> Page:
    """Return the queue in the window of a reviewer."""
    page = browser.new_context().new_page()
    sign_in(page, server, email)
    page.goto(server.url)
    page.get_by_role("link", name="Review").click()
    page.wait_for_load_state()
    return page


def check(page: Page) -> None:
    """Axe finds nothing, also on a telephone and in the dark, and nothing is wider than the screen."""
    for size in ({"width": 1280, "height": 800}, PHONE, {"width": 320, "height": 700}):
        page.set_viewport_size(size)
        assert fits(page), size
        assert faults(page) == [], size
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")  # no colours in between
    assert faults(page) == [], "dark"
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    page.set_viewport_size({"width": 1280, "height": 800})


def shows(page: Page, number: int) -> None:
    """The page shows the insight of a sentence, which has the focus after a key."""
    expect(page.locator("#review-text")).to_have_text(f"Who does task {number}?")


def test_two_reviewers_with_the_keys(server: Server, open_browser: Callable[..., Browser]) -> None:
    """They get different insights; each key does what its help says; the second opinion does not know the first one."""
    browser = open_browser()
    jane, bo = reviewer(server, browser, EMAIL), reviewer(server, browser, OTHER)
    errors = page_errors(jane) + page_errors(bo)
    shows(jane, 1)
    shows(bo, 2)
    expect(jane.get_by_role("link", name="Review")).to_contain_text("6")
    check(jane)

    jane.keyboard.press("?")
    expect(jane.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert faults(jane) == []
    jane.keyboard.press("a")  # a letter in the dialog decides nothing
    jane.keyboard.press("Escape")

    jane.keyboard.press("a")
    shows(jane, 3)
    expect(jane.locator("#review-text")).to_be_focused()
    expect(jane.locator("#last")).to_contain_text("Last: accepted.")
    jane.keyboard.press("u")
    shows(jane, 1)
    expect(jane.locator("#last")).to_contain_text("Decision undone.")
    jane.keyboard.press("r")
    shows(jane, 3)
    for key in ("j", "ArrowRight"):
        jane.keyboard.press(key)
        shows(jane, 4 if key == "j" else 5)
    for key in ("k", "ArrowLeft"):
        jane.keyboard.press(key)
        shows(jane, 4 if key == "k" else 3)
    jane.keyboard.press("e")
    expect(jane.get_by_label("Text")).to_be_focused()
    jane.keyboard.press("Escape")
    expect(jane.get_by_label("Text")).to_be_hidden()
    jane.keyboard.press("e")
    jane.keyboard.type("Who takes over a rare task?")  # letters in a field are letters
    check(jane)
    jane.get_by_label("Text").press("Enter")
    shows(jane, 4)

    bo.keyboard.press("k")
    shows(bo, 1)
    expect(bo.locator("#item")).to_contain_text("Second opinion")
    expect(bo.locator("#item")).not_to_contain_text("Rejected")
    bo.keyboard.press("a")
    expect(bo.locator("#last")).to_contain_text("Last: accepted, as a second opinion.")
    insights, opinions, readings = json.loads(server.manage("shell", "--no-imports", "-v0", "-c", STORED))
    assert insights["1"] == ["rejected", "Who does task 1?"]
    assert insights["3"] == ["accepted", "Who takes over a rare task?"]
    assert opinions == {"1": ["rejected", "accepted"], "3": ["accepted", ""]}
    assert readings > 10
    assert errors == []


def test_figures_and_the_end_of_the_queue(server: Server, open_browser: Callable[..., Browser]) -> None:
    """The figures and the empty queue have no fault; a filter applies when it is chosen."""
    page = reviewer(server, open_browser(), EMAIL)
    page.keyboard.press("a")
    expect(page.locator("#last")).to_contain_text("Last: accepted")
    page.get_by_label("Confidence").select_option(label="90% and more")
    expect(page.get_by_role("heading", name="No insights match these filters")).to_be_visible()
    check(page)
    page.get_by_role("link", name="Figures").click()
    page.get_by_role("heading", name="Review figures").wait_for()
    expect(page.get_by_role("img", name="Precision by week and type")).to_be_visible()
    check(page)
    with page.expect_download() as download:
        page.goto(f"{server.url}/review/")
        page.get_by_role("link", name="Training data").click()
    assert download.value.suggested_filename == "reviewed.jsonl.gz"
