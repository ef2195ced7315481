"""The page of a saved conversation."""

import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from insights import access
from insights.models import Conversation, Insight, Topic, TopicReference
from insights.portal import conversation as module
from insights.portal import parts
from tests.insights.portal.conftest import MakeConversation, add_insight

LINES = [("Ada", "Who can do it?"), ("Ada", "It is due on Friday."), ("Bob", "I will."), ("Ada", "Thanks.")]


def text_of(client: Client, conversation: Conversation, query: str = "") -> str:
    """Return the text of the conversation's page."""
    answer = client.get(f"/conversations/{conversation.id}/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def names_of(text: str) -> list[str]:
    """Return the names above the paragraphs of a page."""
    return re.findall(r'data-person="[^"]*" disabled data-waits="conversation" title="Change the speaker">([^<]*)<', text)


def card_of(text: str, insight: Insight) -> str:
    """Return the card that begins with an insight; an empty text without one."""
    found = re.search(rf'<li class="insight[^"]*" id="i-{insight.id}".*?</li>', text, re.DOTALL)
    return found.group() if found else ""


def test_the_transcript_has_turns_with_times(user_client: Client, make_conversation: MakeConversation) -> None:
    """Consecutive messages of one member are under one name."""
    text = text_of(user_client, make_conversation(lines=LINES))
    assert text.count('<li class="turn') == 3
    assert names_of(text) == ["Ada", "Bob", "Ada"]
    for place in ("0:10", "0:30", "0:40"):
        assert f">{place}</time>" in text
    for _, said in LINES:
        assert said in text


def test_a_long_turn_shows_the_time_every_minute(user_client: Client, make_conversation: MakeConversation) -> None:
    """A long turn has a time mark for each minute."""
    text = text_of(user_client, make_conversation(lines=[("Ada", f"Point {number}.") for number in range(1, 15)]))
    assert names_of(text) == ["Ada"] * 3
    for place in ("0:10", "1:10", "2:10"):
        assert f">{place}</time>" in text


def test_an_insight_links_to_its_message(user_client: Client, make_conversation: MakeConversation) -> None:
    """A card links to the message and shows kind, assignee and due date; it shows its confidence only where that is low."""
    conversation = make_conversation(lines=LINES)
    due = datetime(2026, 3, 6, tzinfo=UTC)
    insight = add_insight(conversation, 3, "action_item", "Do it", assignee_name="Bob", due_at=due, confidence=0.914)
    text = text_of(user_client, conversation)
    assert f'href="#m-{insight.message_id}"' in text
    assert f'id="m-{insight.message_id}"' in text
    for part in ("Action item", ">0:30</a>", "Assigned to </span><bdi>Bob</bdi>", "Due 6 Mar 2026"):
        assert part in card_of(text, insight)
    assert "% sure" not in text
    unsure = add_insight(conversation, 1, confidence=0.514)
    assert "51% sure" in card_of(text_of(user_client, conversation), unsure)


def test_a_question_and_a_task_in_one_sentence_are_one_card(user_client: Client, make_conversation: MakeConversation) -> None:
    """The card has the text of the task and names both kinds."""
    conversation = make_conversation(lines=LINES)
    question = add_insight(conversation, 1)
    task = add_insight(conversation, 1, "action_item", "Who can do it?", action_phrase="find somebody who can do it")
    text = text_of(user_client, conversation)
    assert card_of(text, question) == ""
    card = card_of(text, task)
    assert f'data-insights="{task.id} {question.id} "' in card
    for part in (">Action item<", ">Question<", "Find somebody who can do it."):
        assert part in card


def test_the_text_of_a_person_comes_before_the_phrase_that_was_found(user_client: Client, make_conversation: MakeConversation) -> None:
    """A reworded insight shows the words of the person, and that it was edited."""
    conversation = make_conversation(lines=LINES)
    fields = {"action_phrase": "do it until Friday", "original_text": "It is due on Friday."}
    task = add_insight(conversation, 2, "action_item", "Finish the page", **fields)
    card = card_of(text_of(user_client, conversation), task)
    assert '">Finish the page</p>' in card
    assert ">Edited<" in card


def test_my_tasks_are_those_of_the_signed_in_user(user_client: Client, user: User, make_conversation: MakeConversation) -> None:
    """A task is mine if its assignee has my address or my name; the other tasks have a section of their own."""
    conversation = make_conversation(lines=LINES)
    ada = conversation.members.get(name="Ada")
    ada.email = user.get_username()
    ada.save()
    mine = add_insight(conversation, 2, "action_item", "Mine", assignee=ada)
    other = add_insight(conversation, 3, "action_item", "Not mine", assignee_name="Bob")
    text = text_of(user_client, conversation)
    own, rest = text.split('id="section-tasks"')
    assert "My tasks" in own
    assert card_of(own, mine)
    assert not card_of(own, other)
    assert card_of(rest, other)


def test_a_rejected_insight_is_apart_and_marks_no_message(user_client: Client, make_conversation: MakeConversation) -> None:
    """A rejected insight is in a section that is folded, and its message has no mark."""
    conversation = make_conversation(lines=LINES)
    insight = add_insight(conversation, 1, review="rejected", reviewed_at=conversation.started_at)
    text = text_of(user_client, conversation)
    assert 'id="folded-rejected"' in text
    assert "rejected" in card_of(text, insight).split(">")[0]
    assert "message found" not in text


def test_topics_link_to_their_first_message(user_client: Client, make_conversation: MakeConversation) -> None:
    """A topic of several messages links to the earliest one."""
    conversation = make_conversation(lines=LINES)
    topic = Topic.objects.create(conversation=conversation, text="deadline", score=0.7)
    for number in (4, 2):
        TopicReference.objects.create(topic=topic, message=conversation.messages.get(number=number))
    first = conversation.messages.get(number=2)
    assert f'<a class="chip" href="#m-{first.id}">deadline</a>' in text_of(user_client, conversation)


def test_members_have_their_talk_time(user_client: Client, make_conversation: MakeConversation) -> None:
    """The talk time of three messages of four seconds and of one message is shown."""
    text = text_of(user_client, make_conversation(lines=LINES))
    assert "12 s · 75%" in text
    assert "4 s · 25%" in text


def test_another_users_conversation_is_404(other_client: Client, make_conversation: MakeConversation) -> None:
    """Existing and unknown ids get the same response, also for staff."""
    conversation = make_conversation(lines=LINES)
    known = other_client.get(f"/conversations/{conversation.id}/")
    unknown = other_client.get("/conversations/1234567890123456/")
    assert known.status_code == unknown.status_code == 404
    assert "Who can do it" not in known.content.decode()
    for one in User.objects.all():
        access.make_administrator(one)
    assert other_client.get(f"/conversations/{conversation.id}/").status_code == 404


def test_an_id_out_of_range_is_404(user_client: Client) -> None:
    """An id too large for the database column is unknown."""
    assert user_client.get(f"/conversations/{10**40}/").status_code == 404


def test_a_live_conversation_can_be_watched(user_client: Client, make_conversation: MakeConversation) -> None:
    """The link to the watch page quotes special characters."""
    text = text_of(user_client, make_conversation(live=True, connection="a=b c/d?e"))
    assert "Live now" in text
    assert 'href="/watch/a=b%20c/d%3Fe/"' in text


def test_an_empty_conversation_says_so(user_client: Client, make_conversation: MakeConversation) -> None:
    """The page of a conversation without messages says that there is no speech."""
    text = text_of(user_client, make_conversation())
    assert "No speech was detected" in text
    assert "No questions, action items or follow-ups" in text


def test_a_long_conversation_is_paged(user_client: Client, make_conversation: MakeConversation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link to a message on another page names that page."""
    monkeypatch.setattr(parts, "PART", 2)
    conversation = make_conversation(lines=LINES)
    insight = add_insight(conversation, 3)
    first, second = text_of(user_client, conversation), text_of(user_client, conversation, "?part=2")
    assert "Part 1 of 2" in first
    assert ">I will.</span>" not in first
    assert f'href="?part=2#m-{insight.message_id}"' in first
    assert f'href="#m-{insight.message_id}"' in second
    for odd in ("0", "99", "x", "²"):
        assert "of 2" in text_of(user_client, conversation, f"?part={odd}")


def test_many_insights_are_paged(user_client: Client, make_conversation: MakeConversation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above a limit each page shows only the insights of its own messages, and says so."""
    monkeypatch.setattr(parts, "PART", 2)
    monkeypatch.setattr(module, "MOST_CARDS", 2)
    conversation = make_conversation(lines=LINES)
    own = [add_insight(conversation, number) for number in (1, 2)]
    assert "Insights of this part" not in text_of(user_client, conversation)
    other = add_insight(conversation, 3)
    first, second = text_of(user_client, conversation), text_of(user_client, conversation, "?part=2")
    for text, shown, hidden in ((first, own, [other]), (second, [other], own)):
        assert "Insights of this part" in text
        assert all(f"#m-{one.message_id}" in text for one in shown)
        assert not any(f"#m-{one.message_id}" in text for one in hidden)


def test_an_unknown_speaker_has_a_label(user_client: Client, make_conversation: MakeConversation) -> None:
    """The page shows a label for a speaker of whom it is not known who it is."""
    conversation = make_conversation(lines=LINES[:1])
    conversation.speakers.update(member=None)
    assert names_of(text_of(user_client, conversation)) == ["Speaker 1"]


def test_reviewers_get_a_link_to_the_admin(user_client: Client, user: User, make_conversation: MakeConversation) -> None:
    """Other users do not get the link."""
    conversation = make_conversation()
    link = f'href="/admin/insights/conversation/{conversation.id}/change/"'
    assert link not in text_of(user_client, conversation)
    access.grant_role(user, access.ADMINISTRATOR)
    assert link not in text_of(user_client, conversation)
    access.grant_role(user, access.REVIEWER)
    assert link in text_of(user_client, conversation)


def test_the_page_takes_a_fixed_number_of_queries(user_client: Client, make_conversation: MakeConversation) -> None:
    """A long conversation of many members takes as many queries as a short one."""

    def count_queries(count: int) -> int:
        conversation = make_conversation(lines=[(f"Speaker {number % 9}", "Is the budget there?") for number in range(count)])
        for number in range(1, count + 1):
            insight = add_insight(conversation, number)
            insight.assignee = conversation.members.order_by("?").first()
            insight.save()
        for number in range(count):
            topic = Topic.objects.create(conversation=conversation, text=f"topic {number}", score=0.5)
            TopicReference.objects.create(topic=topic, message=conversation.messages.get(number=number + 1))
        with CaptureQueriesContext(connection) as queries:
            assert user_client.get(f"/conversations/{conversation.id}/").status_code == 200
        return len(queries)

    assert count_queries(2) == count_queries(30) == 29
