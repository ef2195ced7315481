"""Imports that start again."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from insights import recorder
from insights.models import Message
from insights.recorder import Joined, Listening, Utterance

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
