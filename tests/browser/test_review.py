"""Reviewing in the admin with the keyboard, in a real browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import EMAIL, page_errors, sign_in
from tests.servers import Server, copied

FOUND = f"""
from django.contrib.auth.models import User
from django.utils import timezone
from insights.models import Conversation, Insight, Message, Speaker
now = timezone.now()
talk = Conversation.objects.create(owner=User.objects.get(username={EMAIL!r}), connection_id="talk", name="Planning", started_at=now)
speaker = Speaker.objects.create(conversation=talk, number=1)
for number in range(1, 5):
    said = Message.objects.create(conversation=talk, speaker=speaker, number=number, text=f"Who does {{number}}?",
        started_at=now, ended_at=now)
    Insight.objects.create(conversation=talk, message=said, type="question", text=said.text, confidence=0.8)
"""


@pytest.fixture
def page(account_data: Path, tmp_path: Path, open_browser: Callable[..., Browser]) -> Iterator[Page]:
    """The list of four insights, open in a reviewer's browser."""
    server = Server(copied(account_data, tmp_path / "data"), {"RECOGNISER": "scripted"})
    server.manage("shell", "--no-imports", "-c", FOUND)
    server.start()
    page = open_browser().new_page()
    sign_in(page, server)
    page.goto(f"{server.url}/admin/insights/insight/")
    yield page
    server.kill()


def shown_reviews(page: Page) -> list[str]:
    """Return the review of each row."""
    return [str(row.get_attribute("value")) for row in page.locator("#result_list input[type=radio]:checked").all()]


def test_keys_set_reviews_that_are_saved_together(page: Page) -> None:
    """a, r and p move to the next row; letters in a text stay; Enter in a review saves and runs no action."""
    troubles = page_errors(page)
    expect(page.locator(".review-keys")).to_contain_text("A accept")
    page.locator("#result_list input[type=radio]").first.focus()
    for key in "arap":
        page.keyboard.press(key)
    assert shown_reviews(page) == ["accepted", "rejected", "accepted", "pending"]
    wording = page.get_by_label("Wording").last
    wording.fill("")
    wording.type("a raw par")
    assert shown_reviews(page) == ["accepted", "rejected", "accepted", "pending"]
    page.locator("#result_list input[type=radio]").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("4 insights were changed")
    assert shown_reviews(page) == ["accepted", "rejected", "accepted", "pending"]
    expect(page.get_by_label("Wording").last).to_have_value("a raw par")
    assert troubles == []


def test_leaving_with_unsaved_reviews_needs_a_confirmation(page: Page) -> None:
    """The browser asks before it leaves a list with unsaved reviews."""
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.locator("#result_list input[type=radio]").first.focus()
    page.keyboard.press("r")
    with page.expect_event("dialog") as asked:
        page.get_by_role("link", name="Home").click(no_wait_after=True)
    assert asked.value.type == "beforeunload"
    assert shown_reviews(page)[0] == "rejected"
