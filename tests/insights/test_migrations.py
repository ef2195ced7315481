"""Data migrations, run on rows of earlier versions: what each test stores and checks on the way of `migration_way`."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from insights import access, queries, recorder
from insights.models import Conversation, Insight, InsightReview, Message, Note, Share, Speaker, TopicReference, TrackerMatch, word_index
from insights.models.conversations import new_conversation_id
from insights.queries import parse_search
from tests.insights import account_migration, second_factor_migration, test_substring_search, test_word_search  # noqa: F401 - they add tests
from tests.insights.migration_way import CHECKS, Steps, Stop, check, go_the_way

ONLY_SQLITE = ("a_batch_reads_the_messages_of_its_conversations_only",)
NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
LINES = (("Ben", "One."), (None, "Two."), ("Ada", "Three."), ("Ben", "Four."), (None, "Five."))
SAID = [(1, "Ben"), (2, ""), (3, "Ada"), (1, "Ben"), (2, "")]
"""The speakers of LINES after the migration."""


def new_user(name: str) -> User:
    """Store an account."""
    return User.objects.create_user(name, f"{name}@example.org")


def old_conversation(tables: Any, owner: User, *lines: tuple[str | None, str]) -> int:
    """Store a conversation with the tables of the version before speakers; return its id."""
    talk = tables.get_model("insights", "Conversation").objects.create(
        id=new_conversation_id(), owner_id=owner.pk, name="Talk", connection_id=str(new_conversation_id()), started_at=NOW
    )
    members = tables.get_model("insights", "Member").objects
    for number, (name, text) in enumerate(lines, 1):
        at = NOW + timedelta(seconds=number)
        member = members.get_or_create(conversation=talk, name=name)[0] if name else None
        said = {"number": number, "text": text, "started_at": at, "ended_at": at, "offset_s": float(number), "duration_s": 0.5}
        tables.get_model("insights", "Message").objects.create(conversation=talk, member=member, **said)
    talk.message_count = len(lines)
    talk.save()
    return int(talk.pk)


def rows_of_version_1(tables: Any, owner: User) -> tuple[int, UUID]:
    """Store a row in each table of version 1; return the ids of a live conversation and of its session."""
    talk = old_conversation(tables, owner, *LINES)
    made = {name: tables.get_model("insights", name).objects for name in OLD_TABLES}
    first, last = made["Message"].filter(conversation_id=talk).order_by("number")[::4]
    ben = first.member
    session = made["LiveSession"].create(
        id=uuid4(), conversation_id=talk, member=ben, process="host:1", joined_at=NOW, seen_at=NOW, keep_s=0
    )
    reviewed = {"review": "accepted", "reviewed_at": NOW, "reviewed_by_id": owner.pk}
    task = {"conversation_id": talk, "message": first, "type": "action_item", "text": "One.", "confidence": 0.9, "assignee": ben}
    insight = made["Insight"].create(**task, **reviewed)
    made["Insight"].create(conversation_id=talk, message=last, type="question", text="Five.", confidence=0.8)
    made["Entity"].create(message=first, type="person", text="One", offset=0, value={"name": "One"})
    topic = made["Topic"].create(conversation_id=talk, text="one", score=0.5)
    made["TopicReference"].create(topic=topic, message=first)
    match = {"tracker_name": "Ones", "tracker_id": "t", "value": "one", "text": "One", "offset": 0}
    made["TrackerMatch"].create(conversation_id=talk, message=first, insight=insight, **match)
    payload = {"conversationId": str(talk), "name": "Talk", "startedAt": NOW.isoformat()}
    made["Event"].create(conversation_id=talk, number=1, kind="conversation_created", payload=payload, created_at=NOW)
    made["Conversation"].filter(id=talk).update(last_event=1)
    return talk, session.id


OLD_TABLES = ("Conversation", "Message", "LiveSession", "Insight", "Entity", "Topic", "TopicReference", "TrackerMatch", "Event")


def speakers_of(conversation_id: int) -> list[tuple[int, str]]:
    """Return the speaker's number and the member's name of each message."""
    rows = queries.messages_of(Conversation.objects.get(id=conversation_id))
    return [(row.speaker.number, row.member.name if row.member else "") for row in rows]


def old_conversation_with_speaker(tables: Any, owner: User) -> int:
    """Store a conversation of one message with the tables of the version before stored trackers; return its id."""
    talk = tables.get_model("insights", "Conversation").objects.create(
        id=new_conversation_id(),
        owner_id=owner.pk,
        name="Talk",
        connection_id=str(new_conversation_id()),
        started_at=NOW,
        ended_at=NOW,
        message_count=1,
    )
    voice = tables.get_model("insights", "Speaker").objects.create(conversation=talk, number=1)
    said = {"number": 1, "text": "One.", "started_at": NOW, "ended_at": NOW, "offset_s": 1.0, "duration_s": 0.5}
    tables.get_model("insights", "Message").objects.create(conversation=talk, speaker=voice, **said)
    return int(talk.pk)


@check
def the_number_of_statements_does_not_grow_with_the_messages() -> Steps:
    """A batch takes the same number of statements for five and for a hundred messages."""
    tables = yield Stop.NO_SPEAKERS
    module = import_module("insights.migrations.0007_fill_speakers")
    owner = new_user("statements")
    statements = []
    for lines in (LINES, LINES * 20):
        old_conversation(tables, owner, *lines)
        with connection.schema_editor(atomic=False) as editor, CaptureQueriesContext(connection) as asked:
            module.fill(tables, editor)
        statements.append(len(asked))
        tables.get_model("insights", "Conversation").objects.all().delete()
    assert statements[0] == statements[1] < 12


@check
def a_batch_reads_the_messages_of_its_conversations_only() -> Steps:
    """No statement in either direction scans the messages of all conversations."""
    tables = yield Stop.NO_SPEAKERS
    if connection.vendor != "sqlite":
        return
    module = import_module("insights.migrations.0007_fill_speakers")
    old_conversation(tables, new_user("plans"), *LINES)
    with connection.schema_editor(atomic=False) as editor, CaptureQueriesContext(connection) as asked:
        module.fill(tables, editor)
        module.empty(tables, editor)
    tables.get_model("insights", "Conversation").objects.all().delete()
    plans = []
    of_messages = [query["sql"] for query in asked if '"insights_message"' in query["sql"]]
    for statement in (sql for sql in of_messages if '"speaker_id" IN (' not in sql):  # these are the messages of certain speakers
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
            plans += [row[3] for row in cursor.fetchall() if "insights_message" in row[3]]
    assert len(plans) >= 3
    assert [plan for plan in plans if "(conversation_id=?" not in plan] == []


@check
def old_messages_get_speakers() -> Steps:
    """Each member of a conversation and its unknown speaker get one, in the order of speech; the search index stays complete."""
    tables = yield Stop.NO_SPEAKER_TABLE
    owner = new_user("speakers")
    one, two = old_conversation(tables, owner, *LINES), old_conversation(tables, owner, ("Ada", "The zeppelin."))
    empty = old_conversation(tables, owner)
    yield Stop.PRESENT
    assert speakers_of(one) == SAID
    assert speakers_of(two) == [(1, "Ada")]
    assert speakers_of(empty) == []
    own = Speaker.objects.filter(conversation__owner=owner)
    assert Counter(own.values_list("conversation_id", flat=True)) == {one: 3, two: 1}
    assert set(queries.with_texts(Conversation.objects.all(), ["zeppelin"]).values_list("id", flat=True)) == {two}
    Message.objects.filter(conversation_id=two).update(text="The airship.")
    assert set(queries.with_texts(Conversation.objects.filter(owner=owner), ["airship"]).values_list("id", flat=True)) == {two}


@check
def new_messages_after_the_migration() -> Steps:
    """A note continues the unknown speaker of a migrated conversation; a new session is a new speaker."""
    tables = yield Stop.NO_SPEAKER_TABLE
    one = old_conversation(tables, new_user("later"), *LINES)
    yield Stop.PRESENT
    recorder.record(one, recorder.Utterance("Milk.", (), 1.0, NOW, NOW), recorder.Listening())
    recorder.record(one, recorder.Utterance("Eggs.", (), 1.0, NOW, NOW), recorder.Listening(session_id=uuid4()))
    assert speakers_of(one)[-2:] == [(2, ""), (4, "")]


@check
def the_way_back_and_forwards_again() -> Steps:
    """Backwards, each message gets its speaker's member, also one that has changed since."""
    tables = yield Stop.NO_SPEAKER_TABLE
    one = old_conversation(tables, new_user("back"), *LINES)
    yield Stop.PRESENT
    speakers = Speaker.objects.filter(conversation_id=one)
    speakers.filter(number=1).update(member=speakers.get(number=3).member)
    tables = yield Stop.BACK_BEFORE_SPEAKERS
    rows = tables.get_model("insights", "Message").objects.filter(conversation_id=one).order_by("number")
    assert [row.member.name if row.member else "" for row in rows] == ["Ada", "", "Ada", "Ada", ""]
    yield Stop.PRESENT_AGAIN
    assert speakers_of(one) == [(1, "Ada"), (2, ""), (1, "Ada"), (1, "Ada"), (2, "")]


@check
def an_interrupted_migration_continues() -> Steps:
    """Each batch is a transaction of its own, and finished batches are not repeated."""
    tables = yield Stop.NO_SPEAKER_TABLE
    owner = new_user("interrupted")
    talks = sorted(old_conversation(tables, owner, *LINES) for _ in range(5))
    tables = yield Stop.SPEAKER_TABLE
    module = import_module("insights.migrations.0007_fill_speakers")
    batches = module.batches
    seen: list[int] = []

    class Interrupted(Exception):
        pass

    def some(*args: Any, **rest: Any) -> Iterator[list[int]]:
        for place, ids in enumerate(batches(*args, **rest)):
            if place == 2:
                raise Interrupted
            seen.extend(ids)
            yield ids

    with pytest.MonkeyPatch.context() as patch, connection.schema_editor(atomic=False) as editor:
        patch.setattr(module, "BATCH", 2)
        patch.setattr(module, "batches", some)
        with pytest.raises(Interrupted):
            module.fill(tables, editor)
    assert len(seen) == 4
    messages = tables.get_model("insights", "Message").objects
    done = set(messages.exclude(speaker=None).values_list("conversation_id", flat=True))
    assert done == set(messages.filter(conversation_id__in=seen).values_list("conversation_id", flat=True)) != set()
    assert not done.issuperset(talks)
    yield Stop.PRESENT
    assert [speakers_of(talk) for talk in talks] == [SAID] * 5


@check
def former_staff_get_roles() -> Steps:
    """Superusers become administrators and reviewers, other staff become reviewers, everybody else stays a member."""
    yield Stop.STAFF
    flags = {"root": {"is_superuser": True, "is_staff": True}, "bare": {"is_superuser": True}, "staff": {"is_staff": True}, "nobody": {}}
    for name, has in flags.items():
        User.objects.create_user(name, **has)
    yield Stop.PRESENT
    found = {one.username: {str(role) for role in access.roles_of(one)} - {"member"} for one in User.objects.filter(username__in=flags)}
    both = {"administrator", "reviewer"}
    assert found == {"root": both, "bare": both, "staff": {"reviewer"}, "nobody": set()}
    assert User.objects.get(username="bare").is_staff


@check
def old_conversations_stay_private() -> Steps:
    """After all migrations a conversation of before is shared with nobody, whatever roles its readers got."""
    tables = yield Stop.NO_SPEAKER_TABLE
    owner, reader = new_user("private"), new_user("reader")
    talk = old_conversation(tables, owner, *LINES)
    User.objects.filter(pk=reader.pk).update(is_staff=True, is_superuser=True)
    yield Stop.PRESENT
    assert access.has_role(User.objects.get(pk=reader.pk), access.REVIEWER)
    assert queries.conversation_for(owner.pk, talk) is not None
    assert queries.conversation_for(reader.pk, talk) is None
    assert not queries.visible_to(reader.pk).exists()
    assert not Share.objects.exists()


@check
def old_conversations_get_their_trackers() -> Steps:
    """Matches tell which trackers a conversation used: those of the account are used as a whole, others with the phrases that matched."""
    tables = yield Stop.SHARES
    owner = new_user("trackers")
    one, two, three = (old_conversation_with_speaker(tables, owner) for _ in range(3))
    own = tables.get_model("insights", "AccountTracker").objects.create(owner_id=owner.pk, name="Own", vocabulary=["budget"])
    matches = tables.get_model("insights", "TrackerMatch").objects
    for talk, name, identity, value in (
        (one, "Brought", "b", "zeppelin"),
        (one, "Brought", "b", "airship"),
        (one, "Brought", "b", "zeppelin"),
        (two, "Own", str(own.pk), "budget"),
        (two, "Pricing", "managed-pricing", "price"),
    ):
        message = tables.get_model("insights", "Message").objects.get(conversation=talk)
        matches.create(conversation_id=talk, message=message, tracker_name=name, tracker_id=identity, value=value, text=value, offset=0)
    yield Stop.PRESENT
    rows = Conversation.objects.filter(owner=owner)
    used = dict(rows.values_list("pk", "trackers"))
    assert used == {one: [{"name": "Brought", "vocabulary": ["zeppelin", "airship"], "id": "b"}], two: [], three: []}
    assert dict(rows.values_list("pk", "all_trackers")) == {one: False, two: True, three: False}
    for talk, text in ((one, "The airship lands."), (two, "The budget is small."), (three, "The budget is small.")):
        TrackerMatch.objects.filter(conversation_id=talk).delete()
        recorder.correct_message(Message.objects.get(conversation_id=talk).pk, text, owner.pk)
    found = TrackerMatch.objects.filter(conversation__owner=owner)
    assert set(found.values_list("conversation_id", "tracker_name")) == {(one, "Brought"), (two, "Own")}


@check
def old_insights_and_conversations_are_ready_for_reviews() -> Steps:
    """Insights are dated by their sentence and keep their verdicts; reviews get the kind of their insight; samples are marked.

    Notes, reviews and leases of the present version leave with their tables on the way back, and nothing else does.
    """
    tables = yield Stop.TRACKERS
    owner = new_user("reviews")
    talk, sample, same = (old_conversation_with_speaker(tables, owner) for _ in range(3))
    old = tables.get_model("insights", "Conversation").objects
    old.filter(pk=sample).update(connection_id=f"import-{sample}", metadata={"sample": "yes"})
    old.filter(pk=same).update(metadata={"sample": "yes"})  # a client's own word for a live conversation
    for kind, reviewed in (("question", {}), ("action_item", {"review": "accepted", "reviewed_at": NOW, "reviewed_by_id": owner.pk})):
        message = tables.get_model("insights", "Message").objects.get(conversation=talk)
        row = {"conversation_id": talk, "message": message, "type": kind, "text": "One.", "confidence": 0.5}
        tables.get_model("insights", "Insight").objects.create(**row, **reviewed)
    tables = yield Stop.REVIEW_QUEUE
    insight = tables.get_model("insights", "Insight").objects.get(type="question", conversation_id=talk)
    tables.get_model("insights", "InsightReview").objects.create(insight=insight, confidence=0.5, first="accepted", first_at=NOW)
    yield Stop.PRESENT
    insights = Insight.objects.filter(conversation_id=talk)
    assert set(insights.values_list("type", "review", "found_at")) == {("question", "pending", NOW), ("action_item", "accepted", NOW)}
    assert [(one.kind, one.first, one.second) for one in InsightReview.objects.all()] == [("question", "accepted", "")]
    assert set(Conversation.objects.filter(sample=True).values_list("pk", flat=True)) == {sample}
    recorder.write_note(talk, uuid4(), "Ask Ada.", 3.0, owner.pk)
    recorder.lease_insight(insights.get(type="question").pk, owner.pk, NOW)
    tables = yield Stop.BACK_BEFORE_REVIEWS
    assert tables.get_model("insights", "Insight").objects.filter(conversation_id=talk).count() == 2
    yield Stop.PRESENT_AGAIN
    assert (insights.count(), InsightReview.objects.count(), Note.objects.count()) == (2, 0, 0)


@check
def the_way_back_with_sessions() -> Steps:
    """The way back works with rows of sessions and processes after a crash, and removes those sessions."""
    yield Stop.PRESENT
    process = uuid4()
    recorder.register_process(process, "host:1", "")
    session = recorder.Opening(owner_id=new_user("sessions").pk, connection_id="room", session_id=uuid4(), process=process)
    talk = recorder.open_conversation(session).conversation_id
    recorder.record(talk, recorder.Utterance("One.", (), 1.0, NOW, NOW), recorder.Listening(session_id=session.session_id))
    tables = yield Stop.BACK_AT_VERSION_1
    assert [row.text for row in tables.get_model("insights", "Message").objects.filter(conversation_id=talk)] == ["One."]
    assert not tables.get_model("insights", "LiveSession").objects.exists()


@check
def stored_rows_get_into_the_search_index() -> Steps:
    """Rows older than the index of parts of words are found after the migration, which is reversible and repeatable."""
    yield Stop.PRESENT
    owner = new_user("search")
    one = test_substring_search.conversation(owner, "Quarterly review", "The zeppelin.", member="Grace").pk
    tables = yield Stop.BACK_AT_FIRST
    another = tables.get_model("insights", "Conversation").objects.create(
        id=new_conversation_id(), owner_id=owner.pk, name="Another", connection_id="another", started_at=NOW, message_count=1
    )
    said = {"number": 1, "text": "The zeppelin again.", "started_at": NOW, "ended_at": NOW}
    tables.get_model("insights", "Message").objects.create(conversation=another, **said)
    yield Stop.PRESENT_AGAIN
    for word, wanted in (("zeppelin", {one, another.pk}), ("quarterly", {one}), ("grace", {one})):
        assert set(queries.with_texts(Conversation.objects.filter(owner=owner), [word]).values_list("id", flat=True)) == wanted


@check
def stored_rows_get_into_the_word_index() -> Steps:
    """Rows older than the index of words are found after the migration, which fills in batches, is reversible and repeatable."""
    yield Stop.PRESENT
    owner = new_user("words")
    one = test_word_search.talk(owner, *(("Ada", f"Zeppelin number {number}.") for number in range(5)), name="Quarterly review")
    tables = yield Stop.BACK_BEFORE_SPEAKERS
    tables.get_model("insights", "Conversation").objects.create(
        id=new_conversation_id(), owner_id=owner.pk, name="Another journey", started_at=NOW, ended_at=NOW
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_index, "BATCH", 2)
        yield Stop.PRESENT_AGAIN
    assert len(test_word_search.found(owner, "zeppelin")) == 5
    assert queries.find(owner.pk, parse_search("quarterly")).conversations == [one.pk]
    assert len(queries.find(owner.pk, parse_search("journey")).conversations) == 1
    Message.objects.filter(conversation=one, number=1).update(text="The airship.")
    assert test_word_search.found(owner, "airship") == ["The airship."]


@check
def a_database_of_version_1_loses_no_row() -> Steps:
    """All new migrations keep every row, remove the stale session, and leave the conversation live until it ends."""
    tables = yield Stop.VERSION_1
    talk, session = rows_of_version_1(tables, new_user("version1"))
    yield Stop.PRESENT
    assert speakers_of(talk) == SAID
    conversation = Conversation.objects.get(id=talk)
    first, second = queries.insights_of(conversation)
    assert (first.type, first.review, str(first.assignee), str(first.message.member)) == ("action_item", "accepted", "Ben", "Ben")
    assert (second.type, second.message.member) == ("question", None)
    matches = TrackerMatch.objects.filter(conversation_id=talk)
    assert [(match.insight_id, match.message_id) for match in matches] == [(first.id, first.message_id)]
    assert [entity.text for entity in first.message.entities.all()] == ["One"]
    assert [reference.message_id for reference in TopicReference.objects.filter(topic__conversation_id=talk)] == [first.message_id]
    events = recorder.record(talk, recorder.Utterance("Six.", (), 1.0, NOW, NOW), recorder.Listening(session_id=session))
    assert events[0].number == 2
    assert speakers_of(talk)[-1] == (4, "")
    ended = [event for event in recorder.close_due(NOW, 15.0) if event.conversation_id == talk]
    assert [str(event.event.kind) for event in ended] == ["conversation_completed"]
    recorder.delete_conversation(talk)
    assert not Speaker.objects.filter(conversation_id=talk).exists()


@pytest.fixture(scope="module")
def outcomes(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, BaseException | None]]:
    """Go the way once, and return what each test raised."""
    with django_db_blocker.unblock():
        try:
            yield go_the_way()
        finally:
            call_command("migrate", verbosity=0)
            call_command("flush", verbosity=0, interactive=False)


@pytest.mark.django_db
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", CHECKS)
def test_migrations(outcomes: dict[str, BaseException | None], name: str) -> None:
    """What the test of this name stored and changed at each stop is as it must be."""
    if name in ONLY_SQLITE and connection.vendor != "sqlite":
        pytest.skip("PostgreSQL plans by statistics, so its plan for a small table says nothing")
    if error := outcomes[name]:
        raise error
