"""Mail as a job."""

from collections.abc import Callable
from smtplib import SMTPConnectError, SMTPRecipientsRefused
from typing import Any

import pytest
from django.core import mail

from insights import jobs
from insights.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _configured(settings: Any) -> None:
    settings.MAIL_CONFIGURED = True
    settings.DEFAULT_FROM_EMAIL = "Parley <parley@example.org>"


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Let the mail server refuse every mail with an error."""

    def refuse(error: Exception) -> None:
        def send(self: object, messages: object) -> int:
            raise error

        monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", send)

    return refuse


def sent() -> Job:
    """Send a mail, run the jobs, and return its job."""
    job = jobs.send_mail(["jane@example.com"], "A link\nBcc: mallory@example.com", "Here: zeppelin", "<p>Here: zeppelin</p>")
    jobs.run_waiting()
    job.refresh_from_db()
    return job


def test_a_mail_is_sent() -> None:
    """With both forms, a Message-ID that stays the same, and one line of subject; the job keeps nothing of its text."""
    job = sent()
    assert (job.status, job.parameters) == ("completed", {})
    (message,) = mail.outbox
    assert (message.to, message.subject, message.body) == (["jane@example.com"], "A link Bcc: mallory@example.com", "Here: zeppelin")
    assert message.extra_headers["Message-ID"] == f"<{job.pk}@example.org>"
    assert "zeppelin" in message.message().as_string()


def test_without_a_mail_server(settings: Any) -> None:
    """The job says what is missing."""
    settings.MAIL_CONFIGURED = False
    assert sent().reason == "no mail server is configured: set MAIL_URL"
    assert mail.outbox == []


def test_a_mail_server_that_is_away(refused: Callable[[Exception], None]) -> None:
    """The mail waits for the next attempt."""
    refused(SMTPConnectError(421, "busy"))
    job = sent()
    assert (job.status, job.attempts) == ("scheduled", 1)
    assert job.run_at > job.created_at
    assert job.parameters["text"] == "Here: zeppelin"


@pytest.mark.parametrize(("code", "status"), [(550, "failed"), (451, "scheduled")])
def test_recipients_that_are_refused(refused: Callable[[Exception], None], code: int, status: str) -> None:
    """For good: the job fails at once. For now: it waits."""
    refused(SMTPRecipientsRefused({"jane@example.com": (code, b"no")}))
    assert sent().status == status
