"""Imports that start again."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from insights import recorder
from insights.models import Message
from insights.recorder import Joined, Listening, Utterance
from tests.insights.conftest import opening

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_deleted_message_counts_as_imported(joined: Joined, owner: User) -> None:
    """The import of a recording continues behind the last message of its channel, although a person deleted it; others do not count."""
    source, other = uuid4(), uuid4()
    for place, channel in enumerate((source, source, other)):
        start = joined.started_at + timedelta(seconds=10 * place)
        words = Utterance("Ada will call.", (), 0.9, start, start + timedelta(seconds=4))
        recorder.record(joined.conversation_id, words, Listening(session_id=channel))
    first, last, _ = Message.objects.order_by("number")
    until = last.ended_at.replace(microsecond=last.ended_at.microsecond // 1000 * 1000)  # as in the event of the deletion
    assert recorder.imported_until(joined.conversation_id, source, None) == last.ended_at
    recorder.delete_message(joined.conversation_id, last.pk, owner.pk)
    assert recorder.imported_until(joined.conversation_id, source, None) == until
    recorder.delete_message(joined.conversation_id, first.pk, owner.pk)
    assert recorder.imported_until(joined.conversation_id, source, None) == until
    assert recorder.imported_until(joined.conversation_id, uuid4(), None) is None


def test_an_import_does_not_end_a_conversation_that_waits(owner: User) -> None:
    """Its speaker, whose connection was lost, comes back into the same conversation."""
    session = uuid4()
    joined = recorder.open_conversation(opening(owner, session_id=session, keep_s=60))
    recorder.leave(session, final=False)
    assert recorder.end_import(joined.conversation_id, joined.started_at + timedelta(seconds=5)) == []
    assert recorder.open_conversation(opening(owner)).conversation_id == joined.conversation_id
