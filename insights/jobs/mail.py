"""Mail as a job: it waits for an unreachable mail server, and delays no request."""

from collections.abc import Sequence
from email.utils import make_msgid
from smtplib import SMTPRecipientsRefused, SMTPSenderRefused

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from insights.database import write_transaction
from insights.jobs.enqueue import enqueue
from insights.jobs.errors import Failed
from insights.jobs.handlers import handler
from insights.jobs.running import RunningJob
from insights.models import Job
from insights.recorder.signals import conversation_hidden, words_removed
from insights.snapshots import JsonObject

RETRY_S = (30.0, 60.0, 300.0, 900.0, 3600.0, 3600.0, 7200.0, 14_400.0)
"""Seconds between attempts: eight and a half hours for an unreachable mail server."""
_REFUSED = range(500, 600)
"""SMTP replies that are final."""


def send_mail(
    to: Sequence[str], subject: str, text: str, html: str = "", *, without_words: str = "", conversation_id: int | None = None
) -> Job:
    """Enqueue a mail to these addresses, with an HTML alternative where one is given.

    `conversation_id`: of what it is about; a mail that still waits is deleted with the conversation. `without_words`: the text that it has
    if words of the conversation are deleted while it waits.
    """
    parameters: JsonObject = {"to": list(to), "subject": " ".join(subject.split()), "text": text, "html": html}
    if without_words:
        parameters["without_words"] = without_words
    return enqueue("mail", None, parameters, conversation_id=conversation_id)


def connect() -> None:
    """Connect to the signals of the recorder; call once in each process."""
    words_removed.connect(_without_words, dispatch_uid="insights.jobs.mail")
    conversation_hidden.connect(_without_words, dispatch_uid="insights.jobs.mail")


def _without_words(conversation_id: int, **signal: object) -> None:
    """Remove the words from the mails about a conversation that wait, as for an unreachable mail server."""
    with write_transaction():
        waiting = Job.objects.select_for_update().filter(conversation_id=conversation_id, kind="mail", finished_at=None)
        for job in waiting:
            if text := job.parameters.pop("without_words", ""):
                job.parameters["text"] = text
                job.save(update_fields=["parameters"])


@handler("mail", internal=True, retry_s=RETRY_S)
def deliver(job: RunningJob) -> None:
    """Send a mail. It has the same Message-ID in each attempt, so that mail servers notice a second delivery."""
    if not settings.MAIL_CONFIGURED:
        raise Failed("no mail server is configured: set MAIL_URL")
    mail = job.parameters
    domain = make_msgid(domain=settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ") or None).rpartition("@")[2]
    message = EmailMultiAlternatives(
        str(mail["subject"]), str(mail["text"]), to=[str(one) for one in _list(mail["to"])], headers={"Message-ID": f"<{job.id}@{domain}"}
    )
    if mail["html"]:
        message.attach_alternative(str(mail["html"]), "text/html")
    try:
        message.send()
    except SMTPRecipientsRefused as error:
        if all(code in _REFUSED for code, _ in error.recipients.values()):
            raise Failed("the mail server refused all recipients") from None
        raise
    except SMTPSenderRefused as error:
        if error.smtp_code in _REFUSED:
            raise Failed("the mail server refused the sender; see MAIL_FROM") from None
        raise


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
