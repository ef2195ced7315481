"""Queries, limited to the owner."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection

from insights import queries, recorder
from insights.analysis.trackers import Tracker
from insights.models import Conversation, Deletion
from insights.recorder import BookmarkFields, Joined
from tests.insights.conftest import Say, opening


def test_only_the_owner_finds_it(joined: Joined, owner: User, other_owner: User) -> None:
    """The owner finds the conversation by number or digits; for other users it does not exist."""
    assert queries.conversation_for(owner.pk, joined.conversation_id) is not None
    assert queries.conversation_for(owner.pk, str(joined.conversation_id)) is not None
    assert queries.conversation_for(other_owner.pk, joined.conversation_id) is None


@pytest.mark.parametrize("nonsense", ["", "abc", "-1", "1.5", "١٢٣", "9" * 17, "9" * 500, "0x10", "1\x00"])
def test_invalid_ids_are_unknown_ids(owner: User, nonsense: str) -> None:
    """An invalid id finds nothing and raises no other error."""
    assert queries.conversation_for(owner.pk, nonsense) is None


def test_live_conversation(joined: Joined, owner: User, other_owner: User) -> None:
    """A connection id finds its owner's live conversation."""
    live = queries.live_conversation(owner.pk, "room-1")
    assert live is not None
    assert live.id == joined.conversation_id
    assert queries.live_conversation(other_owner.pk, "room-1") is None
    assert queries.live_conversation(owner.pk, "a\x00b") is None
    Conversation.objects.update(ended_at=live.started_at)
    assert queries.live_conversation(owner.pk, "room-1") is None


def test_search_looks_at_names_and_words(joined: Joined, say: Say, owner: User, other_owner: User) -> None:
    """Conversations are found by title, members and messages, and only the owner's."""
    say("The zeppelin has landed.")
    recorder.open_conversation(opening(owner, "room-2", name="Quarterly review"))

    def names(search: str, user: User = owner) -> set[int]:
        found = queries.find(user.pk, queries.parse_search(search))
        return {*found.conversations, *(one.conversation_id for one in queries.messages_found(found.messages))}

    assert names("ZEPPELIN") == names("ada") == {joined.conversation_id}
    assert len(names("quarterly")) == 1
    assert names("") == set()
    assert names("nothing of the kind") == names("zeppelin", other_owner) == set()


def test_range_of_starts(joined: Joined, owner: User) -> None:
    """The range includes both ends."""
    at, second = joined.started_at, timedelta(seconds=1)
    assert queries.conversations_of(owner.pk, start=at, end=at).count() == 1
    assert queries.conversations_of(owner.pk, start=at + second).count() == 0
    assert queries.conversations_of(owner.pk, end=at - second).count() == 0


def test_listings_are_in_the_order_of_speech(joined: Joined, say: Say) -> None:
    """Messages, insights, entities and tracker hits are in the order of speech."""
    say("Is the budget there? Ada will send the budget tomorrow.", trackers=(Tracker("Money", ("budget",)),))
    conversation = Conversation.objects.get()
    assert [message.number for message in queries.messages_of(conversation)] == [1, 2]
    assert [insight.type for insight in queries.insights_of(conversation)] == ["question", "action_item"]
    assert [insight.type for insight in queries.insights_of(conversation, "action_item")] == ["action_item"]
    assert [entity.text for entity in queries.entities_of(conversation)] == ["Ada", "tomorrow"]
    assert [match.offset for match in queries.tracker_matches_of(conversation) if match.insight is None] == [7, 18]
    assert [member.name for member in queries.members_of(conversation)] == ["Ada"]
    scores = [topic.score for topic in queries.topics_of(conversation)]
    assert scores == sorted(scores, reverse=True) != []


def test_last_events(joined: Joined) -> None:
    """One query answers for many conversations; unknown ones are left out."""
    assert queries.last_events([joined.conversation_id, 1]) == {joined.conversation_id: joined.cursor}


def test_the_conversation_of_a_subscriber(joined: Joined, owner: User, other_owner: User) -> None:
    """A subscriber gets the live conversation, else the last one that ended after a given time; other users get none."""
    assert queries.conversation_for_subscriber(other_owner.pk, "room-1", ended_since=None) is None
    assert queries.conversation_for_subscriber(owner.pk, "room\x00", ended_since=None) is None
    Conversation.objects.update(ended_at=joined.started_at)
    assert queries.conversation_for_subscriber(owner.pk, "room-1", ended_since=joined.started_at + timedelta(seconds=1)) is None
    assert queries.conversation_for_subscriber(owner.pk, "room-1", ended_since=joined.started_at) is not None
    ended = queries.conversation_for_subscriber(owner.pk, "room-1", ended_since=None)
    assert ended is not None
    assert ended.id == joined.conversation_id
    again = recorder.open_conversation(opening(owner))
    live = queries.conversation_for_subscriber(owner.pk, "room-1", ended_since=None)
    assert live is not None
    assert live.id == again.conversation_id


def test_recent_conversations_of_many_subscribers(joined: Joined, owner: User, other_owner: User) -> None:
    """One query gives live and recently ended conversations of many connection ids, and no older or other ones."""
    places, at = [(owner.pk, "room-1"), (other_owner.pk, "room-1")], joined.started_at

    def begun(since: timedelta) -> list[int]:
        return [found.id for found in queries.conversations_started_since(places, at + since)]

    assert begun(timedelta()) == begun(timedelta(seconds=30)) == [joined.conversation_id]
    assert begun(timedelta(hours=1)) == []
    assert queries.conversations_started_since([(owner.pk, "room-2")], at) == []
    Conversation.objects.update(ended_at=at + timedelta(seconds=10))
    assert begun(timedelta(seconds=10)) == [joined.conversation_id]
    assert begun(timedelta(seconds=11)) == []


def test_whether_a_conversation_was_redacted(joined: Joined, owner: User) -> None:
    """It is known without reading the deletions in other conversations."""
    conversation = Conversation.objects.get()
    assert not queries.was_redacted(conversation)
    recorder.redact_conversation(conversation.pk, owner.pk)
    assert queries.was_redacted(conversation)
    if connection.vendor == "sqlite":
        assert "deletion_conversation" in Deletion.objects.filter(conversation_id=conversation.pk, kind="redaction").explain()


def test_the_data_of_an_account_has_no_bookmarks_in_the_bin(joined: Joined, owner: User, other_owner: User) -> None:
    """Neither of its own conversations, nor of those of others in which it set one."""
    for user in (owner, other_owner):
        recorder.add_bookmark(joined.conversation_id, BookmarkFields("A mark", begin_s=0.0, duration_s=1.0), user.pk)
    assert [len(rows(user, "bookmarks")) for user in (owner, other_owner)] == [2, 1]
    recorder.bin_conversation(joined.conversation_id, owner.pk)
    assert [len(rows(user, "bookmarks")) for user in (owner, other_owner)] == [0, 0]


def rows(user: User, table: str) -> list[object]:
    """Return the rows of a table in the data of an account."""
    found = queries.account_data(user.pk)[table]
    assert isinstance(found, list)
    return [*found]
