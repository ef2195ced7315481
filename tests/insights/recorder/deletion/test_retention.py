"""Deleting conversations."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from insights import access, recorder
from insights.abstractive import Statement
from insights.analysis.trackers import Tracker
from insights.models import (
    AccountEntity,
    AccountRole,
    AccountSettings,
    AccountTracker,
    AccountVocabulary,
    App,
    Conversation,
    ConversationGroup,
    Deletion,
    Export,
    ExportedConversation,
    Insight,
    Invitation,
    Job,
    LinkRequest,
    Message,
    Notification,
    Reading,
    ServerProcess,
    Share,
    StoredAudio,
    Team,
    TeamMembership,
    VoiceProfile,
    WebhookDelivery,
    WebhookEndpoint,
)
from insights.recorder import BookmarkFields, Joined, Look, UnknownConversation
from insights.recorder.deletion import delete
from tests.insights.conftest import Say, opening

OTHER = (
    AccountEntity,
    AccountRole,
    AccountTracker,
    AccountVocabulary,
    AccountSettings,
    App,
    ConversationGroup,
    Deletion,
    Invitation,
    LinkRequest,
    ServerProcess,
    Team,
    TeamMembership,
    VoiceProfile,
)
"""Tables without a row of any conversation."""


def rows() -> dict[str, int]:
    """Return how many rows each table of conversations has."""
    return {table.__name__: table.objects.count() for table in apps.get_app_config("insights").get_models() if table not in OTHER}


def test_a_deleted_conversation_leaves_no_row(joined: Joined, say: Say, owner: User) -> None:
    """Deleting a conversation removes its rows from every table, and no rows of others."""
    recorder.open_conversation(opening(owner, "another room"))
    before = rows()
    say("Is the zeppelin budget there? Ada will call Bob tomorrow.", trackers=(Tracker("Money", ("budget",)),))
    job = Job.objects.create(kind="mail", conversation_id=joined.conversation_id)
    export = Export.objects.create(job=job, format="txt")
    ExportedConversation.objects.create(export=export, conversation_id=joined.conversation_id)
    endpoint = WebhookEndpoint.objects.create(owner=owner, conversation_id=joined.conversation_id, url="https://example.org/")
    WebhookDelivery.objects.create(endpoint=endpoint, kind="conversation.status", conversation_id=joined.conversation_id)
    recorder.edit_conversation(joined.conversation_id, owner.pk, name="Planning")
    (message,) = [*Message.objects.all()[:1]]
    recorder.add_bookmark(joined.conversation_id, BookmarkFields("Budget", message_ids=[message.id]), owner.pk)
    recorder.write_note(joined.conversation_id, uuid4(), "Ask Ada.", 3.0, owner.pk)
    recorder.add_experience(joined.conversation_id, "text-summary", Look(), None)
    recorder.diarize_import(joined.conversation_id, uuid4(), None)
    StoredAudio.objects.create(conversation_id=joined.conversation_id, session_id=uuid4(), started_at=timezone.now())
    talk = Conversation.objects.get(id=joined.conversation_id)
    Share.objects.create(conversation=talk, user=owner, level=1, created_at=timezone.now())
    Reading.objects.create(conversation=talk, user=owner, place="review", at=timezone.now())
    access.create_public_link(talk, 7, audio=False)
    recorder.store_vectors([message], np.ones((1, 384), np.float32))
    summary = [Statement("Ada calls Bob.", ("m1",))]
    recorder.store_language_result(joined.conversation_id, "summary", summary, messages=2, event=99, confirm=lambda: None)
    (insight,) = [*Insight.objects.all()[:1]]
    recorder.lease_insight(insight.id, owner.pk, timezone.now())
    later = [*Insight.objects.all()[1:2]]
    recorder.decide(later[0].id, owner.pk, "accepted")
    Notification.objects.create(user=owner, conversation_id=joined.conversation_id, created_at=timezone.now())
    assert all(rows().values()), "this test should have something in every table"
    recorder.delete_conversation(joined.conversation_id)
    recorder.continue_deletions()
    assert {name: count for name, count in before.items() if count} == {
        "Conversation": 2,
        "Event": 3,
        "LiveSession": 2,
        "Member": 1,
    }
    assert {name: count for name, count in rows().items() if count} == {"Conversation": 1, "Event": 1, "LiveSession": 1}
    with pytest.raises(UnknownConversation):
        recorder.delete_conversation(joined.conversation_id)


def test_the_number_of_statements_does_not_grow(joined: Joined, say: Say) -> None:
    """Removing a batch takes one statement for each table, however many rows it has."""
    for number in range(20):
        say(f"Is the zeppelin number {number} ready? Ada will call tomorrow.")
    recorder.delete_conversation(joined.conversation_id)
    with CaptureQueriesContext(connection) as queries:
        recorder.continue_deletions()
    statements = [query["sql"].split()[0] for query in queries]
    assert (statements.count("SELECT"), statements.count("DELETE")) == (33, 9)


def test_only_old_ended_conversations_are_deleted(owner: User) -> None:
    """The oldest conversations go first, up to the limit; a live one is never deleted."""
    now = timezone.now()
    ended: dict[str, datetime | None] = {"old": now - timedelta(days=3), "older": now - timedelta(days=4), "new": now, "live": None}
    for name, at in ended.items():
        joined = recorder.open_conversation(opening(owner, name))
        start = now - timedelta(days=9)
        Conversation.objects.filter(id=joined.conversation_id).update(started_at=start, ended_at=at)
    limit = now - timedelta(days=1)
    assert recorder.forget_ended_before(limit, 1) == 1
    assert set(Conversation.objects.values_list("connection_id", flat=True)) == {"old", "new", "live"}
    assert recorder.forget_ended_before(limit) == 1
    assert recorder.forget_ended_before(limit) == 0
    assert set(Conversation.objects.values_list("connection_id", flat=True)) == {"new", "live"}


def test_a_conversation_that_cannot_be_deleted_is_hidden(
    owner: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any
) -> None:
    """A conversation that a table of another app refers to is hidden, and holds up no other."""
    now = timezone.now()
    for age in (1, 2, 3):
        joined = recorder.open_conversation(opening(owner, f"{age} days"))
        at = now - timedelta(days=age)
        Conversation.objects.filter(id=joined.conversation_id).update(started_at=at, ended_at=at)
    kept, remove = Conversation.objects.get(connection_id="3 days").id, delete._remove_batch

    def removed(conversation_id: int) -> bool:
        if conversation_id == kept:
            raise IntegrityError("FOREIGN KEY constraint failed")
        return remove(conversation_id)

    monkeypatch.setattr(delete, "_remove_batch", removed)
    with django_capture_on_commit_callbacks(execute=True):
        assert recorder.forget_ended_before(now, 2) == 2
    assert set(Conversation.objects.values_list("connection_id", flat=True)) == {"1 days"}
    assert set(Conversation.everything.values_list("connection_id", flat=True)) == {"1 days", "3 days"}
    assert f"conversation {kept} is hidden but not removed yet (IntegrityError)" in caplog.text
    monkeypatch.undo()
    assert recorder.continue_deletions() == 0, "not at once: it would fail again"
    monkeypatch.setattr(delete, "AGAIN_S", 0.0)
    assert recorder.continue_deletions() == 0
    assert set(Conversation.everything.values_list("connection_id", flat=True)) == {"1 days"}
