"""Search by meaning: the job that computes vectors, what is found by them, and that they follow edits and deletion."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from insights import jobs, queries, recorder
from insights.analysis import embedding
from insights.jobs.running import RunningJob
from insights.jobs.vectors import compute_vectors
from insights.models import Job, Message, MessageVector
from insights.queries import parse_search
from tests.insights.test_word_search import related, talk

needs_model = pytest.mark.skipif(not embedding.installed(), reason="the packages of requirements/meaning.txt are not installed")
LINES = (("Ada", "It will cost about twelve hundred dollars."), ("Bob", "The weather was fine."), ("Ada", "The dog is asleep."))


def run_job() -> RunningJob:
    """Run the job of a worker once."""
    job = RunningJob(Job(kind="vectors", internal=True, run_at=timezone.now(), claim=uuid4()))
    compute_vectors(job)
    return job


@needs_model
def test_a_question_finds_an_answer_in_other_words(owner: User, other_owner: User) -> None:
    """Once a worker has computed the vectors, the answer is the first related message; for other accounts there is none."""
    talk(owner, *LINES)
    assert related(owner, "what is the price") == []
    run_job()
    assert MessageVector.objects.count() == 3
    assert related(owner, "what is the price")[:1] == ["It will cost about twelve hundred dollars."]
    assert related(owner, "what is the price -dollars") == []
    assert related(owner, "what is the price from:bob") == []
    assert not queries.find(other_owner.pk, parse_search("what is the price"))


@needs_model
def test_vectors_follow_the_messages(owner: User) -> None:
    """An edited message loses its vector until the next run; a deleted message and conversation leave none."""
    one = talk(owner, *LINES)
    run_job()
    first, second, _ = one.messages.order_by("number")
    recorder.correct_message(first.pk, "It rains.", owner.pk)
    recorder.delete_message(one.pk, second.pk, owner.pk)
    assert MessageVector.objects.count() == 1
    assert [message.text for message in queries.messages_without_vector(9)] == ["It rains."]
    run_job()
    assert MessageVector.objects.count() == 2
    recorder.delete_conversation(one.pk)
    recorder.continue_deletions()
    assert MessageVector.objects.count() == 0


@needs_model
def test_a_message_that_changed_meanwhile_waits(owner: User) -> None:
    """A vector of a former text, or of a deleted message, is not stored."""
    one = talk(owner, *LINES)
    waiting = queries.messages_without_vector(9)
    model = embedding.encoder()
    assert model is not None
    vectors = model.encode([message.text for message in waiting])
    Message.objects.filter(pk=waiting[0].pk).update(text="Something else.")
    Message.objects.filter(pk=waiting[1].pk).delete()
    recorder.store_vectors(waiting, vectors)
    assert [vector.message_id for vector in MessageVector.objects.all()] == [waiting[2].pk]
    assert one.messages.count() == 2


def test_the_job_without_the_model(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its packages the job does nothing, and search finds words only."""
    monkeypatch.setattr(embedding, "installed", lambda: False)
    talk(owner, *LINES)
    assert run_job().again_s == 3600.0
    assert MessageVector.objects.count() == 0
    assert related(owner, "cost of zeppelins") == ["It will cost about twelve hundred dollars."]


def test_the_job_is_periodic() -> None:
    """Every worker runs the job by itself."""
    assert "vectors" in {one.kind for one in jobs.handlers.periodic_handlers()}


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL keeps triggers when a table changes")
@pytest.mark.django_db(transaction=True)
def test_lost_triggers_are_restored(owner: User) -> None:
    """After a migration that recreated the table of messages, a changed message loses its vector again."""
    with connection.schema_editor() as schema_editor:
        schema_editor._remake_table(Message)  # type: ignore[attr-defined]  # what Django does to change a column
    call_command("migrate", verbosity=0)
    message = talk(owner, *LINES).messages.get(number=1)
    MessageVector.objects.create(message=message, conversation_id=message.conversation_id, number=1, values=b"\x00" * 384)
    Message.objects.update(text="Changed.")
    assert MessageVector.objects.count() == 0
