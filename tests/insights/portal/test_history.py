"""The history of a conversation, and its contents alone."""

import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client

from insights import recorder
from insights.models import Conversation, Member
from insights.recorder import Assignee, BookmarkFields, InsightEdit, NamedSpeaker, Scope
from tests.insights.portal.conftest import MakeConversation, add_insight

LINES = [("Ada", "Who can do it?"), ("Bob", "I will. On Friday."), ("Bob", "Good.")]


@pytest.fixture
def conversation(make_conversation: MakeConversation) -> Conversation:
    """A conversation of two people."""
    return make_conversation(lines=LINES)


def rows(client: Client, conversation: Conversation) -> list[str]:
    """Return the rows of the history as texts."""
    answer = client.get(f"/conversations/{conversation.id}/history/")
    assert answer.status_code == 200
    items = re.findall(r"<li>(.*?)</li>", answer.content.decode(), re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", item).split()) for item in items]


def test_several_sentences_are_one_row(user_client: Client, user: User, conversation: Conversation) -> None:
    """Their number is said, with the words of one of them."""
    recorder.edit_texts(conversation.id, {one.id: f"Now {one.number}." for one in conversation.messages.filter(number__lte=2)}, user.pk)
    (row,) = rows(user_client, conversation)
    assert row.startswith("Edited 2 sentences")


def test_every_kind_of_change_is_described(user_client: Client, user: User, conversation: Conversation) -> None:
    """The newest is first; words are shown before and after."""
    first, second, third = conversation.messages.order_by("number")
    ada, bob = conversation.members.order_by("name")
    insight = add_insight(conversation, 2, "action_item", "On Friday.")
    recorder.edit_conversation(conversation.id, user.pk, name="The plan")
    recorder.edit_member(conversation.id, ada.id, user.pk, name="Ada Lovelace")
    recorder.edit_message(first.id, user.pk, text="Who could do it?")
    recorder.edit_message(first.id, user.pk, member_id=bob.id)
    recorder.split_message(second.id, 7, user.pk)
    recorder.join_next(second.id, user.pk)
    recorder.assign_speaker(third.id, user.pk, NamedSpeaker(name="Zoe"), Scope.MESSAGE)
    recorder.merge_members(conversation.id, ada.id, bob.id, user.pk)
    for wanted in (
        InsightEdit(verdict="accepted"),
        InsightEdit(text="Finish on Friday"),
        InsightEdit(assignee=Assignee(name="Zed")),
        InsightEdit(done=True),
        InsightEdit(done=False),
    ):
        recorder.edit_insight(insight.id, user.pk, wanted)
    recorder.add_insight(first.id, user.pk, "question", InsightEdit(text="Who?"))
    bookmark, _ = recorder.add_bookmark(conversation.id, BookmarkFields("Start", begin_s=0, duration_s=5), user.pk)
    recorder.delete_bookmark(conversation.id, bookmark.id, user.pk)
    texts = [re.sub(r" jane@example.com, .*", "", row) for row in rows(user_client, conversation)]
    assert texts == [
        "Removed a bookmark Start",
        "Added a bookmark Start",
        "Added an insight Who?",
        "Reopened a task",
        "Marked a task as done",
        "Assigned a task Zed",
        "Reworded an insight On Friday. Finish on Friday",
        "Accepted an insight",
        "Merged two speakers",
        "Changed who said something",
        "Joined two sentences",
        "Split a sentence",
        "Changed who said a sentence",
        "Edited a sentence Who can do it? Who could do it?",
        "Renamed a speaker Ada Ada Lovelace",
        "Renamed the conversation Planning The plan",
    ]


def test_values_are_in_the_language_of_the_page(user_client: Client, user: User, conversation: Conversation) -> None:
    """Due dates, and the name of a voice before somebody named it."""
    ada = conversation.members.get(name="Ada")
    Member.objects.filter(pk=ada.pk).update(name="Speaker 1")
    recorder.edit_member(conversation.id, ada.id, user.pk, name="Ada")
    insight = add_insight(conversation, 2, "action_item", "On Friday.")
    recorder.edit_insight(insight.id, user.pk, InsightEdit(due_at=datetime(2026, 3, 6, 12, tzinfo=UTC), has_due=True))
    user_client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    assert [re.sub(r" jane@example.com, .*", "", row) for row in rows(user_client, conversation)] == [
        "Fälligkeit geändert 6. März 2026",
        "Sprecher umbenannt Sprecher 1 Ada",
    ]


def test_only_the_author_can_undo(user_client: Client, user: User, other_user: User, conversation: Conversation) -> None:
    """The changes of others, and those that are undone, have no button."""
    first = conversation.messages.get(number=1)
    own = recorder.edit_message(first.id, user.pk, text="One.").change_id
    other = recorder.edit_message(conversation.messages.get(number=2).id, other_user.pk, text="Two.").change_id
    page = user_client.get(f"/conversations/{conversation.id}/history/").content.decode()
    assert f'data-undo="{own}"' in page
    assert f'data-undo="{other}"' not in page
    assert own is not None
    undone = recorder.undo(own, user.pk).change_id
    page = user_client.get(f"/conversations/{conversation.id}/history/").content.decode()
    assert f'data-undo="{own}"' not in page
    assert f'data-undo="{undone}"' in page
    assert "Undo: Edited a sentence" in page


def test_a_conversation_without_changes_says_so(user_client: Client, conversation: Conversation) -> None:
    """An empty history explains itself."""
    assert "Nothing has been changed yet." in user_client.get(f"/conversations/{conversation.id}/history/").content.decode()


def test_the_contents_are_those_of_the_page(user_client: Client, conversation: Conversation) -> None:
    """What the page fetches after a change is the same HTML, without the frame of the page."""
    page = user_client.get(f"/conversations/{conversation.id}/").content.decode()
    contents = user_client.get(f"/conversations/{conversation.id}/contents/").content.decode()
    assert contents.strip() in page
    assert "<html" not in contents
    assert "I will. On Friday." in contents
