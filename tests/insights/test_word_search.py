"""Ranked search: its results, scope, operators, and that the word index stays equal to the stored rows."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from insights import queries, recorder
from insights.models import Conversation, Insight, Member, Message, word_index
from insights.queries import parse_search
from tests.insights.conftest import Say, speaker_of

NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


def talk(owner: User, *lines: tuple[str, str], name: str = "Title", days: int = 0) -> Conversation:
    """Return a conversation with a title and (member, text) lines, which began `days` after NOW."""
    at = NOW + timedelta(days=days)
    one = Conversation.objects.create(owner=owner, name=name, message_count=len(lines), started_at=at, ended_at=at)
    members = {who: Member.objects.create(conversation=one, name=who) for who in dict.fromkeys(who for who, _ in lines)}
    Message.objects.bulk_create(
        Message(conversation=one, number=number, speaker=speaker_of(one, members[who]), text=text, started_at=at, ended_at=at)
        for number, (who, text) in enumerate(lines, 1)
    )
    return one


def found(owner: User, search: str, **filters: Any) -> list[str]:
    """Return the texts of the messages with all of the words, best first."""
    return texts(queries.find(owner.pk, parse_search(search), **filters).messages)


def related(owner: User, search: str) -> list[str]:
    """Return the texts of the related messages, best first."""
    return texts(queries.find(owner.pk, parse_search(search)).related)


def texts(ids: Any) -> list[str]:
    """Return the texts of messages in the order of their ids."""
    return [one.text for one in queries.messages_found(ids)]


def indexed(*conversations: int) -> int:
    """Return the number of texts of these conversations in the word index; on SQLite of all, after its own check of consistency.

    PostgreSQL keeps entries of earlier tests: those that commit empty their tables without the triggers of the index.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"INSERT INTO {word_index.WORDS} ({word_index.WORDS}, rank) VALUES ('integrity-check', 1)")
            cursor.execute(f"SELECT count(*) FROM {word_index.WORDS}")
        else:
            cursor.execute(f"SELECT count(*) FROM {word_index.WORDS} WHERE conversation_id = ANY(%s)", [list(conversations)])
        return int(cursor.fetchone()[0])


def test_the_best_message_comes_first(owner: User) -> None:
    """A message with the word twice comes before one with it once among many words."""
    long = "We spoke about many things in the course of a long afternoon, the budget among them, and about lunch."
    talk(owner, ("Ada", long), ("Ada", "Budget, budget!"), ("Ada", "The hotel."))
    assert found(owner, "budget") == ["Budget, budget!", long]


def test_all_words_must_match_and_words_may_be_beginnings(owner: User) -> None:
    """A message needs every word; a word of three letters may be the beginning of one, a shorter one not."""
    talk(owner, ("Ada", "The hotels in Porto are full."), ("Ada", "Our hotel is in Rome."), ("Ada", "In Poland."))
    assert found(owner, "hotel porto") == ["The hotels in Porto are full."]
    assert found(owner, "por") == ["The hotels in Porto are full."]
    assert found(owner, "PO") == []


def test_some_of_the_words(owner: User) -> None:
    """Related messages have some of the words that are no stop words."""
    talk(owner, ("Ada", "The hotel is full."), ("Ada", "What is the matter?"), ("Ada", "Bring the papers."))
    assert found(owner, "what about the hotel in Porto") == []
    assert related(owner, "what about the hotel in Porto") == ["The hotel is full."]


def test_phrases_and_exclusions(owner: User) -> None:
    """Words in quotes must follow each other; words after a minus must be absent, also from related messages."""
    talk(owner, ("Ada", "Open the main door."), ("Ada", "The door of the main hall."), ("Ada", "Main door, closed."))
    assert sorted(found(owner, '"main door"')) == ["Main door, closed.", "Open the main door."]
    assert found(owner, "main door -closed -hall") == ["Open the main door."]
    assert found(owner, '-"main door" hall') == ["The door of the main hall."]
    assert related(owner, "hall gate -main") == []


def test_accents_case_and_punctuation(owner: User) -> None:
    """Accents, case and punctuation do not matter; a word with an apostrophe is two words that follow each other."""
    talk(owner, ("Ada", "Das Café in Zürich: don't go!"), ("Ada", "Mail to ada@example.org, the e-mail address."))
    assert found(owner, "cafe ZURICH don't") == ["Das Café in Zürich: don't go!"]
    assert found(owner, "café") == ["Das Café in Zürich: don't go!"]
    assert found(owner, "example.org") == found(owner, "e-mail") == found(owner, "mail") != []


def test_parts_of_words_where_no_word_matches(owner: User) -> None:
    """A part of a word is found if no word begins with it, and words of scripts without spaces are found."""
    talk(owner, ("Ada", "The zeppelin has landed."), ("Ada", "明日の会議"))
    assert found(owner, "eppel") == ["The zeppelin has landed."]
    assert found(owner, "会議") == ["明日の会議"]
    assert found(owner, "eppel -landed") == []


def test_titles_and_members(owner: User) -> None:
    """Titles and members are found beside messages; so is a conversation with each word in another place."""
    one = talk(owner, ("Ada", "The hotel."), name="Travel plan")
    other = talk(owner, ("Bob", "Travel light."), days=1)
    assert queries.find(owner.pk, parse_search("travel")).conversations == [one.pk]
    assert queries.find(owner.pk, parse_search("bob")).conversations == [other.pk]
    assert queries.find(owner.pk, parse_search("hotel travel ada")).conversations == [one.pk]


def test_operators(owner: User) -> None:
    """`from:`, `type:`, `title:`, `before:` and `after:` restrict the messages, alone or with words."""
    one = talk(owner, ("Ada", "Who can do it?"), ("Bob", "I can do it."), name="Planning")
    talk(owner, ("Ada", "It is done."), name="Review", days=10)
    task = {"conversation": one, "message": one.messages.get(number=2), "text": "", "confidence": 0.9}
    Insight.objects.create(type="action_item", **task)
    Insight.objects.create(type="question", review="rejected", reviewed_at=NOW, **task)
    assert found(owner, "from:ada") == ["It is done.", "Who can do it?"]
    assert found(owner, "it from:ada before:2026-03-12") == ["Who can do it?"]
    assert found(owner, "it after:2026-03-12") == ["It is done."]
    assert found(owner, "type:action-item") == found(owner, "it", kind="action_item") == ["I can do it."]
    assert found(owner, "type:question") == []
    assert found(owner, "it title:plan from:ada") == found(owner, "who", person="Ada") == ["Who can do it?"]


def test_only_visible_conversations(owner: User, other_owner: User) -> None:
    """Conversations of other accounts, and those in the bin, are not found in any way."""
    one = talk(owner, ("Ada", "The secret zeppelin."), name="Zeppelin")
    for search in ("zeppelin", "eppel", "zeppelin hotel", "from:ada", "zeppelin from:ada"):
        assert not queries.find(other_owner.pk, parse_search(search)), search
    assert queries.people_of(other_owner.pk) == []
    recorder.bin_conversation(one.pk, owner.pk)
    assert not queries.find(owner.pk, parse_search("zeppelin"))


def test_nothing_that_is_typed_is_syntax(owner: User) -> None:
    """Syntax of FTS5 and of PostgreSQL's text search, and odd characters, are words or nothing."""
    talk(owner, ("Ada", "The zeppelin has landed."))
    for text in (
        '"',
        '""a',
        "NEAR(a b)",
        "a AND",
        "zeppelin* OR",
        "text:zep",
        "a & !b",
        "(",
        "':*",
        "\\",
        "ʼ",
        "½",
        "^zep",
        "%",
        "-",
        "\x00",
    ):
        queries.find(owner.pk, parse_search(text))
    assert found(owner, "zeppelin & (landed)") == ["The zeppelin has landed."]
    assert not queries.find(owner.pk, parse_search(""))


def test_the_number_of_queries(owner: User) -> None:
    """A search takes the same number of queries for one conversation as for twenty."""
    talk(owner, ("Ada", "The hotel."))
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as ran:
            queries.find(owner.pk, parse_search("hotel porto"))
        counts.append(len(ran))
        for day in range(20):
            talk(owner, ("Ada", "The hotel."), ("Bob", "Porto."), days=day)
    assert counts[0] == counts[1] <= 5


def test_the_index_follows_every_write(owner: User, say: Say) -> None:
    """Edits, new names, deletion of a message and redaction change what is found; a deleted conversation leaves no entry."""
    say("The zeppelin has landed.")
    message = Message.objects.get()
    recorder.correct_message(message.pk, "The airship has landed.", owner.pk)
    assert (found(owner, "zeppelin"), found(owner, "airship")) == ([], ["The airship has landed."])
    Conversation.objects.update(name="Journey")
    Member.objects.update(name="Grace")
    for search in ("journey", "grace"):
        assert queries.find(owner.pk, parse_search(search)).conversations == [message.conversation_id]
    other = talk(owner, ("Ada", "The airship again."))
    recorder.delete_message(other.pk, other.messages.get().pk, owner.pk)
    assert found(owner, "again") == []
    for one in (message.conversation_id, other.pk):
        recorder.delete_conversation(one)
    recorder.continue_deletions()
    assert indexed(message.conversation_id, other.pk) == 0


def test_the_word_index_is_used(owner: User) -> None:
    """The plan of a search uses the index and reads no message."""
    talk(owner, ("Ada", "The zeppelin has landed."))
    with CaptureQueriesContext(connection) as ran:
        found(owner, "zeppelin")
    sql = next(one["sql"] for one in ran.captured_queries if word_index.WORDS in one["sql"])
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(("EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN ") + sql)
        plan = "\n".join(str(row) for row in cursor.fetchall())
    assert (f"{word_index.WORDS} VIRTUAL TABLE INDEX" if connection.vendor == "sqlite" else f"{word_index.WORDS}_words") in plan, plan
    assert "insights_message" not in plan
