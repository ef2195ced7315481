"""Data migrations, run on rows of earlier versions."""

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
from django.db.migrations.executor import MigrationExecutor
from django.test.utils import CaptureQueriesContext

from insights import access, queries, recorder
from insights.models import Conversation, Insight, InsightReview, Message, Note, Share, Speaker, TopicReference, TrackerMatch
from insights.models.conversations import new_conversation_id

NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
PREVIOUS = "0003_member_order"
"""The last migration of the previous version."""
BEFORE = "0005_server_process"
LINES = (("Ben", "One."), (None, "Two."), ("Ada", "Three."), ("Ben", "Four."), (None, "Five."))


@pytest.fixture
def old_tables(transactional_db: None) -> Iterator[Any]:
    """Migrate back to the version before speakers and return its models; restore the current tables afterwards."""
    yield migrate_to(BEFORE)
    call_command("migrate", verbosity=0)


def migrate_to(name: str) -> Any:
    """Migrate to a version in either direction, and return its models."""
    call_command("migrate", "insights", name, verbosity=0)
    return MigrationExecutor(connection).loader.project_state([("insights", name)]).apps


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


def rows_of_previous_version(owner: User) -> tuple[int, UUID]:
    """Migrate back to the previous version, store a row in each table; return the ids of a live conversation and of its session."""
    tables = migrate_to(PREVIOUS)
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


def test_a_database_of_the_previous_version_loses_no_row(old_tables: Any, owner: User) -> None:
    """All new migrations keep every row, remove the stale session, and leave the conversation live until it ends."""
    talk, session = rows_of_previous_version(owner)
    call_command("migrate", verbosity=0)
    assert speakers_of(talk) == [(1, "Ben"), (2, ""), (3, "Ada"), (1, "Ben"), (2, "")]
    conversation = Conversation.objects.get(id=talk)
    first, second = queries.insights_of(conversation)
    assert (first.type, first.review, str(first.assignee), str(first.message.member)) == ("action_item", "accepted", "Ben", "Ben")
    assert (second.type, second.message.member) == ("question", None)
    assert [(match.insight_id, match.message_id) for match in TrackerMatch.objects.all()] == [(first.id, first.message_id)]
    assert [entity.text for entity in first.message.entities.all()] == ["One"]
    assert [reference.message_id for reference in TopicReference.objects.all()] == [first.message_id]
    events = recorder.record(talk, recorder.Utterance("Six.", (), 1.0, NOW, NOW), recorder.Listening(session_id=session))
    assert events[0].number == 2
    assert speakers_of(talk)[-1] == (4, "")
    assert [str(event.event.kind) for event in recorder.close_due(NOW, 15.0)] == ["conversation_completed"]
    recorder.remove_conversation(talk)
    assert not Speaker.objects.exists()


def test_it_is_reversible_with_sessions(old_tables: Any, owner: User) -> None:
    """The way back works with rows of sessions and processes after a crash, and removes those sessions."""
    call_command("migrate", verbosity=0)
    process = uuid4()
    recorder.register_process(process, "host:1", "")
    session = recorder.Opening(owner_id=owner.pk, connection_id="room", session_id=uuid4(), process=process)
    talk = recorder.open_conversation(session).conversation_id
    recorder.record(talk, recorder.Utterance("One.", (), 1.0, NOW, NOW), recorder.Listening(session_id=session.session_id))
    tables = migrate_to(PREVIOUS)
    assert [row.text for row in tables.get_model("insights", "Message").objects.filter(conversation_id=talk)] == ["One."]
    assert not tables.get_model("insights", "LiveSession").objects.exists()


def speakers_of(conversation_id: int) -> list[tuple[int, str]]:
    """Return the speaker's number and the member's name of each message."""
    rows = queries.messages_of(Conversation.objects.get(id=conversation_id))
    return [(row.speaker.number, row.member.name if row.member else "") for row in rows]


def test_old_messages_get_speakers(old_tables: Any, owner: User) -> None:
    """Each member of a conversation and its unknown speaker get one, in the order of speech; the search index stays complete."""
    one, two = old_conversation(old_tables, owner, *LINES), old_conversation(old_tables, owner, ("Ada", "The zeppelin."))
    empty = old_conversation(old_tables, owner)
    call_command("migrate", verbosity=0)
    assert speakers_of(one) == [(1, "Ben"), (2, ""), (3, "Ada"), (1, "Ben"), (2, "")]
    assert speakers_of(two) == [(1, "Ada")]
    assert speakers_of(empty) == []
    assert Counter(Speaker.objects.values_list("conversation_id", flat=True)) == {one: 3, two: 1}
    assert set(queries.with_texts(Conversation.objects.all(), ["zeppelin"]).values_list("id", flat=True)) == {two}
    Message.objects.filter(conversation_id=two).update(text="The airship.")
    assert set(queries.with_texts(Conversation.objects.all(), ["airship"]).values_list("id", flat=True)) == {two}


def test_new_messages_after_the_migration(old_tables: Any, owner: User) -> None:
    """A note continues the unknown speaker of a migrated conversation; a new session is a new speaker."""
    one = old_conversation(old_tables, owner, *LINES)
    call_command("migrate", verbosity=0)
    note = recorder.Utterance("Milk.", (), 1.0, NOW, NOW)
    recorder.record(one, note, recorder.Listening())
    recorder.record(one, recorder.Utterance("Eggs.", (), 1.0, NOW, NOW), recorder.Listening(session_id=uuid4()))
    assert speakers_of(one)[-2:] == [(2, ""), (4, "")]


def test_it_is_reversible_and_repeatable(old_tables: Any, owner: User) -> None:
    """Backwards, each message gets its speaker's member, also one that has changed since."""
    one = old_conversation(old_tables, owner, *LINES)
    call_command("migrate", verbosity=0)
    ben, ada = (Speaker.objects.get(number=number) for number in (1, 3))
    Speaker.objects.filter(id=ben.id).update(member=ada.member)
    tables = migrate_to(BEFORE)
    rows = tables.get_model("insights", "Message").objects.filter(conversation_id=one).order_by("number")
    assert [row.member.name if row.member else "" for row in rows] == ["Ada", "", "Ada", "Ada", ""]
    call_command("migrate", verbosity=0)
    assert speakers_of(one) == [(1, "Ada"), (2, ""), (1, "Ada"), (1, "Ada"), (2, "")]


def test_an_interrupted_migration_continues(old_tables: Any, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each batch is a transaction of its own, and finished batches are not repeated."""
    module = import_module("insights.migrations.0007_fill_speakers")
    monkeypatch.setattr(module, "BATCH", 2)
    talks = sorted(old_conversation(old_tables, owner, *LINES) for _ in range(5))
    tables = migrate_to("0006_speaker")

    class Interrupted(Exception):
        pass

    def some(*args: Any, **rest: Any) -> Iterator[list[int]]:
        for place, ids in enumerate(batches(*args, **rest)):
            if place == 2:
                raise Interrupted
            yield ids

    batches = module.batches
    with monkeypatch.context() as patch, connection.schema_editor(atomic=False) as editor:
        patch.setattr(module, "batches", some)
        with pytest.raises(Interrupted):
            module.fill(tables, editor)
    done = tables.get_model("insights", "Message").objects.exclude(speaker=None).values_list("conversation_id", flat=True)
    assert sorted(set(done)) == talks[:4]
    call_command("migrate", verbosity=0)
    assert [speakers_of(talk) for talk in talks] == [[(1, "Ben"), (2, ""), (3, "Ada"), (1, "Ben"), (2, "")]] * 5


def test_the_number_of_statements_does_not_grow_with_the_messages(old_tables: Any, owner: User) -> None:
    """A batch takes the same number of statements for five and for a hundred messages."""
    module = import_module("insights.migrations.0007_fill_speakers")
    statements = []
    for lines in (LINES, LINES * 20):
        old_conversation(migrate_to(BEFORE), owner, *lines)
        tables = migrate_to("0006_speaker")
        with connection.schema_editor(atomic=False) as editor, CaptureQueriesContext(connection) as asked:
            module.fill(tables, editor)
        statements.append(len(asked))
        tables.get_model("insights", "Conversation").objects.all().delete()
    assert statements[0] == statements[1] < 12


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by statistics")
def test_a_batch_reads_the_messages_of_its_conversations_only(old_tables: Any, owner: User) -> None:
    """No statement in either direction scans the messages of all conversations, so the time grows linearly."""
    module = import_module("insights.migrations.0007_fill_speakers")
    old_conversation(old_tables, owner, *LINES)
    tables = migrate_to("0006_speaker")
    with connection.schema_editor(atomic=False) as editor, CaptureQueriesContext(connection) as asked:
        module.fill(tables, editor)
        module.empty(tables, editor)
    plans = []
    of_messages = [query["sql"] for query in asked if '"insights_message"' in query["sql"]]
    for statement in (sql for sql in of_messages if '"speaker_id" IN (' not in sql):  # these are the messages of certain speakers
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
            plans += [row[3] for row in cursor.fetchall() if "insights_message" in row[3]]
    assert len(plans) >= 3
    assert [plan for plan in plans if "(conversation_id=?" not in plan] == []


def test_former_staff_get_roles(old_tables: Any, owner: User, other_owner: User) -> None:
    """Superusers become administrators and reviewers, other staff become reviewers, everybody else stays a member."""
    migrate_to("0019_language_results")
    for name, flags in (
        ("root", {"is_superuser": True, "is_staff": True}),
        ("bare", {"is_superuser": True}),
        ("staff", {"is_staff": True}),
    ):
        User.objects.create_user(name, **flags)
    call_command("migrate", verbosity=0)
    found = {one.username: {str(role) for role in access.roles_of(one)} - {"member"} for one in User.objects.all()}
    both = {"administrator", "reviewer"}
    assert found == {"root": both, "bare": both, "staff": {"reviewer"}, "owner": set(), "stranger": set()}
    assert User.objects.get(username="bare").is_staff


def test_old_conversations_stay_private(old_tables: Any, owner: User, other_owner: User) -> None:
    """After all migrations a conversation of before is shared with nobody, whatever roles its readers got."""
    talk = old_conversation(old_tables, owner, *LINES)
    User.objects.filter(pk=other_owner.pk).update(is_staff=True, is_superuser=True)
    call_command("migrate", verbosity=0)
    assert access.has_role(User.objects.get(pk=other_owner.pk), access.REVIEWER)
    assert queries.conversation_for(owner.pk, talk) is not None
    assert queries.conversation_for(other_owner.pk, talk) is None
    assert not queries.visible_to(other_owner.pk).exists()
    assert not Share.objects.exists()


def test_old_conversations_get_their_trackers(transactional_db: None, owner: User) -> None:
    """Matches tell which trackers a conversation used: those of the account are used as a whole, others with the phrases that matched."""
    tables = migrate_to("0029_share_by_invitation")
    try:
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
        call_command("migrate", verbosity=0)
        used = dict(Conversation.objects.values_list("pk", "trackers"))
        assert used == {one: [{"name": "Brought", "vocabulary": ["zeppelin", "airship"], "id": "b"}], two: [], three: []}
        assert dict(Conversation.objects.values_list("pk", "all_trackers")) == {one: False, two: True, three: False}
        for talk, text in ((one, "The airship lands."), (two, "The budget is small."), (three, "The budget is small.")):
            TrackerMatch.objects.filter(conversation_id=talk).delete()
            recorder.correct_message(Message.objects.get(conversation_id=talk).pk, text, owner.pk)
        assert set(TrackerMatch.objects.values_list("conversation_id", "tracker_name")) == {(one, "Brought"), (two, "Own")}
    finally:
        call_command("migrate", verbosity=0)


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


def test_old_insights_and_conversations_are_ready_for_reviews(transactional_db: None, owner: User) -> None:
    """Insights are dated by their sentence and keep their verdicts; reviews get the kind of their insight; samples are marked.

    Notes, reviews and leases of the present version leave with their tables on the way back, and nothing else does.
    """
    tables = migrate_to("0035_fill_conversation_trackers")
    try:
        talk, sample, same = (old_conversation_with_speaker(tables, owner) for _ in range(3))
        old = tables.get_model("insights", "Conversation").objects
        old.filter(pk=sample).update(connection_id=f"import-{sample}", metadata={"sample": "yes"})
        old.filter(pk=same).update(metadata={"sample": "yes"})  # a client's own word for a live conversation
        for kind, reviewed in (("question", {}), ("action_item", {"review": "accepted", "reviewed_at": NOW, "reviewed_by_id": owner.pk})):
            message = tables.get_model("insights", "Message").objects.get(conversation=talk)
            row = {"conversation_id": talk, "message": message, "type": kind, "text": "One.", "confidence": 0.5}
            tables.get_model("insights", "Insight").objects.create(**row, **reviewed)
        tables = migrate_to("0036_review_queue")
        insight = tables.get_model("insights", "Insight").objects.get(type="question")
        tables.get_model("insights", "InsightReview").objects.create(insight=insight, confidence=0.5, first="accepted", first_at=NOW)
        call_command("migrate", verbosity=0)
        assert set(Insight.objects.values_list("type", "review", "found_at")) == {
            ("question", "pending", NOW),
            ("action_item", "accepted", NOW),
        }
        assert [(one.kind, one.first, one.second) for one in InsightReview.objects.all()] == [("question", "accepted", "")]
        assert set(Conversation.objects.filter(sample=True).values_list("pk", flat=True)) == {sample}
        recorder.write_note(talk, uuid4(), "Ask Ada.", 3.0, owner.pk)
        recorder.lease_insight(Insight.objects.get(type="question").pk, owner.pk, NOW)
        tables = migrate_to("0035_fill_conversation_trackers")
        assert tables.get_model("insights", "Insight").objects.count() == 2
        call_command("migrate", verbosity=0)
        assert (Insight.objects.count(), InsightReview.objects.count(), Note.objects.count()) == (2, 0, 0)
    finally:
        call_command("migrate", verbosity=0)
