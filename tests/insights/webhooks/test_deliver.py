"""Deliveries: stored with their cause, signed, sent, retried, and removed with their conversation."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, BinaryIO
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from insights import access, jobs, recorder, webhooks
from insights.analysis.trackers import Tracker
from insights.jobs import handlers
from insights.models import Conversation, Event, Job, LiveSession, WebhookDelivery, WebhookEndpoint
from insights.recorder import Joined
from insights.webhooks import deliver, receivers
from tests.http_server import Received, Receiver, Responder, answer
from tests.insights.conftest import Say, opening
from tests.insights.webhooks.conftest import Subscribe

pytestmark = pytest.mark.django_db(transaction=True)
MONEY = (Tracker("Money", ("budget",), "t-1"),)


def bodies(receiver: Receiver) -> list[dict]:  # type: ignore[type-arg]
    """Return the JSON bodies that came."""
    return [json.loads(request.body) for request in receiver.requests]


def end(joined: Joined) -> None:
    """End the conversation."""
    recorder.leave(LiveSession.objects.get(conversation_id=joined.conversation_id).id, final=True)


def due(**changes: object) -> None:
    """Let all deliveries that wait be due, as if their time had come."""
    now = timezone.now()
    WebhookDelivery.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=now, **changes)
    WebhookEndpoint.objects.update(queued_for=None)
    for endpoint in WebhookEndpoint.objects.filter(active=True):
        jobs.enqueue("webhooks", None, {"endpoint": str(endpoint.pk)})
    jobs.run_waiting()


def test_each_subscribed_event_is_sent(subscribe: Subscribe, owner: User, joined: Joined, say: Say, other_owner: User) -> None:
    """Insights, trackers and the end arrive with the words of their events; other kinds and other accounts' webhooks get nothing."""
    _, everything = subscribe()
    _, only_end = subscribe("conversation.completed")
    _, theirs = subscribe(user=other_owner)
    say("Ada will send the budget report tomorrow.", trackers=MONEY)
    end(joined)
    jobs.run_waiting()
    sent = bodies(everything)
    assert sorted(one["type"] for one in sent) == ["conversation.completed", "insight.created", "tracker.matched"]
    insight = next(one["data"] for one in sent if one["type"] == "insight.created")
    assert insight["conversationId"] == str(joined.conversation_id)
    assert "budget report" in insight["insights"][0]["text"]
    assert next(one["data"] for one in sent if one["type"] == "tracker.matched")["trackers"][0]["name"] == "Money"
    assert [one["type"] for one in bodies(only_end)] == ["conversation.completed"]
    assert theirs.requests == []
    stored = Event.objects.get(number=insight["eventNumber"])
    assert stored.payload["insights"] == insight["insights"]


def test_the_end_has_the_summary_url(subscribe: Subscribe, owner: User, joined: Joined, settings: Any) -> None:
    """It is the public page that the owner gave, else the page of the conversation."""
    settings.TRUSTED_ORIGINS = ["https://talk.example.org"]
    _, receiver = subscribe("conversation.completed")
    talk = Conversation.objects.get(pk=joined.conversation_id)
    link = access.create_public_link(talk, 7, audio=False)
    end(joined)
    jobs.run_waiting()
    other = recorder.open_conversation(opening(owner, "other"))
    end(other)
    jobs.run_waiting()
    shared, private = (one["data"]["summaryUrl"] for one in bodies(receiver))
    assert shared == f"https://talk.example.org/shared/{access.secret_of(link)}/"
    assert private == f"https://talk.example.org/conversations/{other.conversation_id}/"


def test_the_start_is_sent(subscribe: Subscribe, owner: User) -> None:
    """A new conversation is announced with its id and name."""
    _, receiver = subscribe("conversation.started")
    joined = recorder.open_conversation(opening(owner, name="Budget"))
    jobs.run_waiting()
    (sent,) = bodies(receiver)
    assert sent["type"] == "conversation.started"
    assert sent["data"]["conversationId"] == str(joined.conversation_id)
    assert sent["data"]["name"] == "Budget"


def test_the_published_library_verifies_the_signature(subscribe: Subscribe, joined: Joined) -> None:
    """The package standardwebhooks accepts the message with the secret, and refuses a changed body and another secret."""
    endpoint, receiver = subscribe()
    other, _ = subscribe()
    end(joined)
    jobs.run_waiting()
    (request,) = receiver.requests
    assert Webhook(webhooks.secret_of(endpoint)).verify(request.body, request.headers)["type"] == "conversation.completed"
    with pytest.raises(WebhookVerificationError):
        Webhook(webhooks.secret_of(endpoint)).verify(request.body + b" ", request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(webhooks.secret_of(other)).verify(request.body, request.headers)
    assert request.headers["content-type"] == "application/json"


def test_both_secrets_sign_for_a_day_after_a_rotation(subscribe: Subscribe, joined: Joined) -> None:
    """After a rotation the old and the new secret verify; a day later only the new one."""
    endpoint, receiver = subscribe()
    old = webhooks.secret_of(endpoint)
    rotated = webhooks.rotate_secret(endpoint)
    new = webhooks.secret_of(rotated)
    assert old != new
    webhooks.send_test(rotated)
    jobs.run_waiting()
    request = receiver.requests[-1]
    assert len(request.headers["webhook-signature"].split(" ")) == 2
    for secret in (old, new):
        assert Webhook(secret).verify(request.body, request.headers)["type"] == "webhook.test"
    WebhookEndpoint.objects.update(rotated_at=timezone.now() - timedelta(days=1))
    webhooks.send_test(rotated)
    jobs.run_waiting()
    request = receiver.requests[-1]
    Webhook(new).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(request.body, request.headers)


def test_a_failed_delivery_is_tried_again_with_the_same_id(subscribe: Subscribe, joined: Joined) -> None:
    """After a 500 the same message comes again later; the log has the last response, and success ends the attempts."""
    statuses = [500, 500, 204]

    def respond(request: Received, out: BinaryIO) -> None:
        answer(statuses.pop(0), b"not now")(request, out)

    _, receiver = subscribe(respond=respond)
    end(joined)
    jobs.run_waiting()
    (first,) = WebhookDelivery.objects.all()
    assert (first.attempts, first.last_status, first.last_response) == (1, 500, "not now")
    assert first.next_attempt_at is not None
    assert 3 < (first.next_attempt_at - first.last_attempt_at).total_seconds() < 7  # type: ignore[operator]
    assert WebhookEndpoint.objects.get().failing_since is not None
    due()
    due()
    due()
    (delivery,) = WebhookDelivery.objects.all()
    assert (delivery.attempts, delivery.last_status, delivery.next_attempt_at) == (3, 204, None)
    assert webhooks.delivery_status(delivery) == "succeeded"
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert len(receiver.requests) == 3
    assert WebhookEndpoint.objects.get().failing_since is None


def test_the_waits_grow_and_end_within_a_day() -> None:
    """Each wait is longer than the one before, and all together are less than a day, also with jitter."""
    assert list(deliver.BACKOFF_S) == sorted(deliver.BACKOFF_S)
    assert 20 * 3600 < sum(deliver.BACKOFF_S) < 86_400
    now = timezone.now()
    delivery = WebhookDelivery(attempts=1, created_at=now)
    waits = {deliver._next_attempt(delivery, now) for _ in range(20)}
    assert len(waits) > 1
    delivery.created_at = now - timedelta(hours=23, minutes=59, seconds=59)
    assert deliver._next_attempt(delivery, now) is None


def test_a_server_that_is_away_is_not_called_for_each_delivery(subscribe: Subscribe, joined: Joined, say: Say) -> None:
    """After a failure of the server its other deliveries wait, too; once it is back all are sent."""
    statuses = [503]

    def respond(request: Received, out: BinaryIO) -> None:
        answer(statuses.pop(0) if statuses else 200)(request, out)

    _, receiver = subscribe(respond=respond)
    for number in range(3):
        say(f"Ada will send report {number} tomorrow.")
    jobs.run_waiting()
    assert len(receiver.requests) == 1
    due()
    assert WebhookDelivery.objects.filter(succeeded_at=None).count() == 0


def test_an_answer_that_concerns_one_message_delays_no_other(subscribe: Subscribe, joined: Joined, say: Say) -> None:
    """A 400 for one message is tried again later, and the others are sent."""
    refused: list[str] = []

    def respond(request: Received, out: BinaryIO) -> None:
        refused.append(request.headers["webhook-id"])
        answer(400 if request.headers["webhook-id"] == refused[0] else 200)(request, out)

    subscribe(respond=respond)
    for number in range(3):
        say(f"Ada will send report {number} tomorrow.")
    jobs.run_waiting()
    assert WebhookDelivery.objects.filter(succeeded_at=None).count() == 1
    assert WebhookDelivery.objects.exclude(succeeded_at=None).count() >= 2


def test_after_a_day_of_failures_the_webhook_is_deactivated(subscribe: Subscribe, joined: Joined, say: Say) -> None:
    """Without a success for a day nothing more is sent, and the reason is stored; activating it starts anew."""
    endpoint, receiver = subscribe(respond=answer(500))
    say("Ada will send the report tomorrow.")
    jobs.run_waiting()
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=1))
    due()
    endpoint.refresh_from_db()
    assert (endpoint.active, endpoint.inactive_reason) == (False, "no delivery succeeded for a day")
    assert not WebhookDelivery.objects.filter(next_attempt_at__isnull=False).exists()
    before = len(receiver.requests)
    end(joined)
    jobs.run_waiting()
    assert len(receiver.requests) == before
    changed = webhooks.change_endpoint(endpoint, webhooks.Changes(active=True))
    assert (changed.active, changed.inactive_reason, changed.failing_since) == (True, "", None)


def test_a_delivery_is_given_up_after_a_day(subscribe: Subscribe, joined: Joined) -> None:
    """A message that is a day old has failed for good."""
    _, receiver = subscribe(respond=answer(500))
    end(joined)
    jobs.run_waiting()
    due(created_at=timezone.now() - timedelta(days=1, seconds=1))
    assert webhooks.delivery_status(WebhookDelivery.objects.get()) == "failed"
    assert len(receiver.requests) == 1


def test_gone_deactivates_at_once(subscribe: Subscribe, joined: Joined) -> None:
    """The status 410 says that nothing more is wanted."""
    endpoint, _ = subscribe(respond=answer(410))
    end(joined)
    jobs.run_waiting()
    endpoint.refresh_from_db()
    assert not endpoint.active
    assert "410" in endpoint.inactive_reason


def test_addresses_are_checked_when_sending(subscribe: Subscribe, joined: Joined, settings) -> None:  # type: ignore[no-untyped-def]
    """A URL that leads to a private address is not called, and the log says so."""
    _, receiver = subscribe()
    settings.ALLOWED_NETWORKS = []
    end(joined)
    jobs.run_waiting()
    assert receiver.requests == []
    delivery = WebhookDelivery.objects.get()
    assert (delivery.attempts, delivery.last_status) == (1, None)
    assert "not public" in delivery.last_error


def test_deliveries_are_stored_with_their_event(subscribe: Subscribe, joined: Joined) -> None:
    """A transaction that is rolled back leaves neither; a lost job is replaced by the sweep."""
    endpoint, receiver = subscribe()
    session = LiveSession.objects.get().id
    with transaction.atomic():
        recorder.leave(session, final=True)
        transaction.set_rollback(True)
    assert not WebhookDelivery.objects.exists()
    end(joined)
    Job.objects.all().delete()  # as if the process had died before
    jobs.run_waiting()
    assert receiver.requests == []
    WebhookDelivery.objects.update(next_attempt_at=timezone.now() - timedelta(minutes=1))
    WebhookEndpoint.objects.update(queued_for=timezone.now() - timedelta(minutes=11))
    sweep()
    jobs.run_waiting()
    assert len(receiver.requests) == 1


def sweep() -> None:
    """Run the sweep once."""
    deliver.sweep(jobs.RunningJob(Job(kind="webhooks sweep", claim=uuid4())))


def test_a_killed_job_sends_again_after_its_lease(subscribe: Subscribe, joined: Joined) -> None:
    """While another job has the endpoint nothing is sent; when the lease has ended the deliveries are."""
    endpoint, receiver = subscribe()
    WebhookEndpoint.objects.update(leased_until=timezone.now() + timedelta(seconds=30))
    end(joined)
    jobs.run_waiting()
    assert receiver.requests == []
    assert Job.objects.filter(kind="webhooks", status="scheduled", run_at__gt=timezone.now()).exists()
    WebhookEndpoint.objects.update(leased_until=timezone.now())
    due()
    assert len(receiver.requests) == 1


def test_nothing_survives_the_conversation(subscribe: Subscribe, joined: Joined, say: Say) -> None:
    """Deliveries hold no words of their own, and deleting the conversation removes them; nothing is sent afterwards."""
    _, receiver = subscribe()
    say("Ada will send the zebra report tomorrow.")
    assert "zebra" not in str(list(WebhookDelivery.objects.values()) + list(Job.objects.values()))
    recorder.delete_conversation(joined.conversation_id)
    assert not WebhookDelivery.objects.exists()
    jobs.run_waiting()
    assert receiver.requests == []


def test_an_emptied_event_is_not_sent(subscribe: Subscribe, joined: Joined, say: Say) -> None:
    """An event whose payload was removed before it was sent is skipped, and the log says why."""
    _, receiver = subscribe("insight.created")
    say("Ada will send the report tomorrow.")
    Event.objects.filter(kind="insights").update(payload={})
    jobs.run_waiting()
    assert receiver.requests == []
    delivery = WebhookDelivery.objects.get()
    assert (webhooks.delivery_status(delivery), delivery.last_error) == ("failed", "the event was deleted before it was sent")


def test_nothing_of_a_conversation_in_the_bin_is_sent(subscribe: Subscribe, joined: Joined, say: Say, owner: User) -> None:
    """What waited when it was moved there is not sent, also after it was restored."""
    _, receiver = subscribe("insight.created")
    say("Ada will send the report tomorrow.")
    recorder.bin_conversation(joined.conversation_id, owner.pk)
    jobs.run_waiting()
    recorder.restore_conversation(joined.conversation_id, owner.pk)
    jobs.run_waiting()
    assert receiver.requests == []
    assert webhooks.delivery_status(WebhookDelivery.objects.get()) == "failed"


@pytest.mark.parametrize("removed", [False, True])
def test_the_end_of_a_conversation_that_was_in_the_bin(subscribe: Subscribe, joined: Joined, owner: User, removed: bool) -> None:
    """One that ended by being moved there is told once, when it is restored, also after its delivery was removed as an old one."""
    _, receiver = subscribe()
    _, other = subscribe("insight.created")
    recorder.bin_conversation(joined.conversation_id, owner.pk)
    jobs.run_waiting()
    assert receiver.requests == []
    if removed:
        WebhookDelivery.objects.all().delete()
    else:
        assert WebhookDelivery.objects.get(kind="conversation.completed").last_error == "the conversation was in the bin"
        WebhookDelivery.objects.update(created_at=timezone.now() - timedelta(days=3))
    for _ in range(2):
        recorder.restore_conversation(joined.conversation_id, owner.pk)
        jobs.run_waiting()
        recorder.bin_conversation(joined.conversation_id, owner.pk)
        jobs.run_waiting()
    assert [one["type"] for one in bodies(receiver)].count("conversation.completed") == 1
    assert other.requests == []


def test_an_end_that_was_told_is_not_told_again(subscribe: Subscribe, joined: Joined, owner: User) -> None:
    """A conversation that ended before it was moved to the bin was told then; one whose delivery waited there is told afterwards."""
    answers = [500, 200]
    _, receiver = subscribe("conversation.completed", respond=lambda request, out: answer(answers.pop(0))(request, out))
    end(joined)
    jobs.run_waiting()
    recorder.bin_conversation(joined.conversation_id, owner.pk)
    due()
    recorder.restore_conversation(joined.conversation_id, owner.pk)
    jobs.run_waiting()
    assert len(receiver.requests) == 2
    recorder.bin_conversation(joined.conversation_id, owner.pk)
    recorder.restore_conversation(joined.conversation_id, owner.pk)
    jobs.run_waiting()
    assert len(receiver.requests) == 2


def test_deleting_a_message_empties_the_kept_responses(subscribe: Subscribe, joined: Joined, say: Say, owner: User) -> None:
    """A server that echoes words does not keep them in our log after they were deleted."""

    def echo(request: Received, out: BinaryIO) -> None:
        answer(200, request.body)(request, out)

    subscribe(respond=echo)
    say("Ada will send the zebra report tomorrow.")
    jobs.run_waiting()
    assert WebhookDelivery.objects.exclude(last_response="").exists()
    message = Conversation.objects.get().messages.get()
    recorder.delete_message(joined.conversation_id, message.pk, owner.pk)
    assert not WebhookDelivery.objects.exclude(last_response="").exists()


def test_redaction_empties_the_kept_responses(subscribe: Subscribe, joined: Joined, say: Say, owner: User) -> None:
    """A number that was redacted is in no response that a server sent before."""
    subscribe(respond=lambda request, out: answer(200, request.body)(request, out))
    say("Ada will send the report to ada@example.org tomorrow.")
    jobs.run_waiting()
    assert WebhookDelivery.objects.exclude(last_response="").exists()
    recorder.redact_conversation(joined.conversation_id, owner.pk)
    assert not WebhookDelivery.objects.exclude(last_response="").exists()


def test_a_response_to_words_that_are_deleted_meanwhile(subscribe: Subscribe, joined: Joined, say: Say, owner: User) -> None:
    """The server answers after the message was deleted: its response is not stored."""

    def delete_first(request: Received, out: BinaryIO) -> None:
        if message := Conversation.objects.get().messages.first():
            recorder.delete_message(joined.conversation_id, message.pk, owner.pk)
        connection.close()
        answer(200, request.body)(request, out)

    subscribe("insight.created", respond=delete_first)
    say("Ada will send the zebra report tomorrow.")
    jobs.run_waiting()
    delivery = WebhookDelivery.objects.filter(last_status=200).first()
    assert delivery is not None
    assert delivery.last_response == ""


def test_a_deactivated_account_gets_no_deliveries(subscribe: Subscribe, joined: Joined, say: Say, owner: User) -> None:
    """Neither what waits nor what happens afterwards; after its reactivation it gets what waits."""
    _, receiver = subscribe("insight.created")
    say("Ada will send the report tomorrow.")
    access.set_active(owner, False)
    say("Ben will call the customer on Monday.")
    due()
    sweep()
    jobs.run_waiting()
    assert receiver.requests == []
    assert WebhookDelivery.objects.count() == 1
    access.set_active(owner, True)
    due()
    assert len(receiver.requests) == 1


def test_the_webhook_url_of_a_job(owner: User, receive: Callable[[Responder], Receiver]) -> None:
    """Each change of status is posted in order in Symbl's form, also a failure; jobs of webhooks count for no limit."""
    receiver = receive(answer(200))
    before = dict(handlers._handlers)
    try:
        handlers.handler("good")(lambda job: None)

        def fail(job: jobs.RunningJob) -> None:
            raise jobs.Failed("no")

        handlers.handler("bad")(fail)
        made = [jobs.enqueue(kind, owner.pk, {}, webhook_url=f"http://127.0.0.1:{receiver.port}/{kind}") for kind in ("good", "bad")]
        jobs.run_waiting()
    finally:
        handlers._handlers.clear()
        handlers._handlers.update(before)
    for job, last in zip(made, ("completed", "failed"), strict=True):
        own = [json.loads(request.body) for request in receiver.requests if f"/{job.kind} " in request.line]
        assert own == [{"jobId": str(job.pk), "status": "in_progress"}, {"jobId": str(job.pk), "status": last}]
    assert "webhook-signature" not in receiver.requests[0].headers
    assert not Job.objects.filter(kind="webhooks", internal=False).exists()


def test_messages_about_a_job_stay_in_order_after_a_failure(owner: User, receive: Callable[[Responder], Receiver]) -> None:
    """A status that could not be sent is sent before the next one."""
    statuses = [404]

    def respond(request: Received, out: BinaryIO) -> None:
        answer(statuses.pop(0) if statuses else 200)(request, out)

    receiver = receive(respond)
    job = Job.objects.create(owner=owner, kind="x", status="completed", webhook_url=f"http://127.0.0.1:{receiver.port}/")
    for status in ("in_progress", "completed"):
        job.status = status
        with transaction.atomic():
            receivers.on_job_status(job)
    jobs.run_waiting()
    assert [one["status"] for one in bodies(receiver)] == ["in_progress"]
    due()
    assert [one["status"] for one in bodies(receiver)] == ["in_progress", "in_progress", "completed"]


def test_the_webhook_url_of_a_conversation(joined: Joined, receive: Callable[[Responder], Receiver]) -> None:
    """The end of a conversation is posted in Symbl's form to the URL that its start named."""
    receiver = receive(answer(200))
    Conversation.objects.update(webhook_url=f"http://127.0.0.1:{receiver.port}/")
    end(joined)
    jobs.run_waiting()
    assert bodies(receiver) == [{"conversationId": str(joined.conversation_id), "status": "completed"}]
    recorder.delete_conversation(joined.conversation_id)
    assert not WebhookEndpoint.objects.exists()


def test_old_deliveries_are_removed(subscribe: Subscribe, joined: Joined) -> None:
    """The log keeps seven days."""
    subscribe()
    end(joined)
    jobs.run_waiting()
    assert WebhookDelivery.objects.count() == 1
    sweep()
    assert WebhookDelivery.objects.count() == 1
    WebhookDelivery.objects.update(created_at=F("created_at") - timedelta(days=8))
    sweep()
    assert not WebhookDelivery.objects.exists()
