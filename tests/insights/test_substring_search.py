"""Search through the index: its results, that queries use it, and that it stays equal to the stored rows."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from insights import queries, recorder
from insights.models import Conversation, Member, Message, search
from insights.recorder import Joined, SpeakerIdentity
from tests.insights.conftest import Say, opening, speaker_of

NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
sqlite_only = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL's indexes need neither triggers nor repair")


def conversation(owner: User, name: str = "Title", *texts: str, connection_id: str = "", member: str = "") -> Conversation:
    """Return a conversation with a title, messages and a member."""
    ended = {"ended_at": NOW, "started_at": NOW}
    one = Conversation.objects.create(owner=owner, name=name, connection_id=connection_id, message_count=len(texts), **ended)
    speaker = speaker_of(one, Member.objects.create(conversation=one, name=member))
    rows = [
        Message(conversation=one, number=place, speaker=speaker, text=text, started_at=NOW, ended_at=NOW)
        for place, text in enumerate(texts, 1)
    ]
    Message.objects.bulk_create(rows)
    return one


def found(*texts: str, connection_ids: bool = False) -> set[int]:
    """Return the ids of the conversations that have all of the texts."""
    rows = queries.with_texts(Conversation.objects.all(), texts, connection_ids=connection_ids)
    return set(rows.values_list("id", flat=True))


def entries() -> int:
    """Return the number of entries in SQLite's index, after its own check of consistency."""
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {search.SEARCH_INDEX} ({search.SEARCH_INDEX}, rank) VALUES ('integrity-check', 1)")
        cursor.execute(f"SELECT count(*) FROM {search.SEARCH_TEXT}")
        return int(cursor.fetchone()[0])


ALPHABET = "aAbBé% _\\\"'*-()"


@settings(max_examples=40)
@given(texts=st.lists(st.text(ALPHABET, min_size=1, max_size=8), min_size=1, max_size=4), wanted=st.text(ALPHABET, min_size=3, max_size=5))
@pytest.mark.django_db
def test_the_index_finds_what_a_scan_finds(texts: list[str], wanted: str) -> None:
    """A text of three characters or more finds exactly the conversations whose messages have it, SQL wildcards too."""
    Conversation.objects.all().delete()
    owner, _ = User.objects.get_or_create(username="owner")
    made = {conversation(owner, "", text).pk: text for text in texts}
    assert found(wanted) == {pk for pk, text in made.items() if wanted.lower() in text.lower()}


@pytest.mark.parametrize(
    "wanted", ['"', '""a', "zeppelin AND", "NEAR(a b)", "text:zep", "-zeppelin", "zeppelin*", "%zep%", "z_ppelin", "^zep"]
)
def test_operators_are_literal(owner: User, wanted: str) -> None:
    """No query text is an operator of the full-text search or of LIKE."""
    conversation(owner, "Title", "The zeppelin has landed.")
    assert found(wanted) == set()


def test_searched_fields(owner: User) -> None:
    """Titles, members and messages are searched, connection ids on request; each text may match in another field."""
    one = conversation(owner, "Quarterly review", "The zeppelin.", connection_id="room-77", member="Ada").pk
    conversation(owner, "Other")
    assert found("QUARTERLY") == found("ada") == found("eppel") == found("quart", "Ada", "zeppelin") == {one}
    assert found("room-77") == found("zeppelin", "Ben") == set()
    assert found("room-77", connection_ids=True) == {one}


def test_short_texts(owner: User) -> None:
    """One or two letters match in titles and names; in messages they match only whole words."""
    one = conversation(owner, "Q3", "We meet in our office.", "明日の会議", member="Bo").pk
    assert found("q3") == found("bo") == found("会議") == {one}
    assert found("of") == set()
    assert found("7", connection_ids=True) == set()


def test_a_search_is_cut(owner: User) -> None:
    """Only the first eight words and two hundred characters of a query count."""
    assert queries.search_texts("word " * 99) == ["word"] * 8
    assert queries.search_texts("x" * 9999) == ["x" * 200]
    assert queries.search_texts("a\x00b '' \"c d\"") == ["a", "b", "c d"]


def test_corrections_are_found(joined: Joined, say: Say, owner: User) -> None:
    """Corrected texts are found at once and old ones no longer; members with later names are found too."""
    say("The zeppelin has landed.")
    recorder.correct_message(Message.objects.get().pk, "The airship has landed.", owner.pk)
    assert found("airship") == {joined.conversation_id}
    assert found("zeppelin") == set()
    recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("u-1")))
    assert found("Grace") == set()
    recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("u-1", "Grace")))
    assert found("Grace") == {joined.conversation_id}


@sqlite_only
def test_deleting_removes_index_entries(joined: Joined, say: Say, owner: User) -> None:
    """A deleted conversation and a deleted account leave no index entry."""
    say("The zeppelin has landed.")
    other = conversation(owner, "Kept", "The zeppelin.")
    recorder.delete_conversation(joined.conversation_id)
    recorder.continue_deletions()
    assert found("zeppelin") == {other.pk}
    assert entries() == 4
    owner.delete()
    assert entries() == 0


def test_the_index_is_used(owner: User) -> None:
    """No search with three letters or more scans all messages."""
    used = ["insights_search VIRTUAL TABLE INDEX"]
    if connection.vendor == "postgresql":
        used = ["message_text_trigrams", "member_name_trigrams", "conversation_name_trigrams"]
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    plan = queries.with_texts(Conversation.objects.all(), ["zeppelin"]).explain()
    assert [index for index in used if index in plan] == used, plan
    assert "SCAN insights_message" not in plan


@sqlite_only
@pytest.mark.django_db(transaction=True)
def test_lost_triggers_are_restored(owner: User) -> None:
    """After a migration that recreated a table without its triggers, rows written meanwhile are indexed."""
    with connection.schema_editor() as schema_editor:
        schema_editor._remake_table(Message)  # type: ignore[attr-defined]  # what Django does to change a column
    one = conversation(owner, "Title", "The zeppelin.").pk
    assert found("zeppelin") == set()
    call_command("migrate", verbosity=0)
    assert found("zeppelin") == {one}
    Message.objects.update(text="The airship.")
    assert found("airship") == {one}
    assert entries() == 4
