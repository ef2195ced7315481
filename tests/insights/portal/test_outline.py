"""The outline beside the transcript."""

import re
from collections.abc import Sequence

import pytest
from django.test import Client

from insights.models import Insight
from insights.portal import outline as module
from insights.portal.cards import cards_of
from insights.portal.faces import people_of
from insights.portal.outline import OutlineEntry, outline_of
from insights.portal.transcript import paragraphs_of
from tests.insights.portal.conftest import MakeConversation, add_insight

LINES = [("Ada", "Who can do it?"), ("Ada", "It is due on Friday."), ("Bob", "I will."), ("Ada", "Thanks.")]


def outline(made: MakeConversation, insights: Sequence[tuple[int, str, str]], headings: dict[int, str]) -> list[OutlineEntry]:
    """Return the outline of a conversation with these insights (message number, kind, text) and headings by message number."""
    conversation = made(lines=LINES)
    for number, kind, text in insights:
        add_insight(conversation, number, kind, text)
    people, messages = people_of(conversation), list(conversation.messages.select_related("speaker").order_by("number"))
    cards = cards_of(
        Insight.objects.filter(conversation=conversation).order_by("message__number", "text"), conversation, people, 1, conversation.owner
    )
    by_id = {messages[number - 1].id: heading for number, heading in headings.items()}
    return outline_of(paragraphs_of(conversation, messages, people, {}, by_id), cards)


def shown(entries: Sequence[OutlineEntry]) -> list[tuple[str, str, str]]:
    """Return kind, time and text of each entry."""
    return [(entry.kind.name if entry.kind else "", entry.place, entry.text) for entry in entries]


def test_headings_and_insights_in_the_order_of_speech(make_conversation: MakeConversation) -> None:
    """A heading comes before the insights of its stretch."""
    found = outline(make_conversation, [(3, "action_item", "Do it"), (1, "question", "Who can do it?")], {1: "Work", 3: "Friday"})
    assert shown(found) == [
        ("", "0:10", "Work"),
        ("question", "0:10", "Who can do it?"),
        ("", "0:30", "Friday"),
        ("action_item", "0:30", "Do it"),
    ]


def test_many_insights_leave_the_headings_alone(make_conversation: MakeConversation, few: int) -> None:
    """Beside a long transcript the outline is no second list of all cards; without headings they are its only content."""
    insights = [(1, "question", f"Question {number}?") for number in range(few + 1)]
    assert [text for _, _, text in shown(outline(make_conversation, insights, {1: "Work"}))] == ["Work"]
    assert len(outline(make_conversation, insights[1:], {1: "Work"})) == few + 1
    assert len(outline(make_conversation, insights, {})) == few + 1


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """A small limit."""
    monkeypatch.setattr(module, "MOST_INSIGHTS", 2)
    return 2


def test_the_page_has_no_rejected_insight_in_its_outline(user_client: Client, make_conversation: MakeConversation) -> None:
    """Each entry leads to its sentence; a conversation without insights and headings has no outline."""
    conversation = make_conversation(lines=LINES)
    page = f"/conversations/{conversation.id}/"
    assert 'id="outline"' not in user_client.get(page).content.decode()
    kept = add_insight(conversation, 1)
    add_insight(conversation, 3, "action_item", "Do it", review=Insight.Review.REJECTED, reviewed_at=conversation.started_at)
    found = re.search(r'<nav class="outline".*?</nav>', user_client.get(page).content.decode(), re.DOTALL)
    assert found is not None
    assert re.findall(r'href="([^"]*)"', found.group().replace("<use href", "<use to")) == [f"#m-{kept.message_id}"]
    assert "Who can?" in found.group()
    assert "Do it" not in found.group()
