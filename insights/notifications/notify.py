"""The job that tells people: who may see the conversation, wants to know, and was not told yet."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from insights import jobs, queries, webhooks
from insights.database import write_transaction
from insights.insight_kinds import task_kinds
from insights.jobs import RunningJob, handler
from insights.mail_language import in_language_of
from insights.models import AccountSettings, Conversation, Insight, Notification, NotificationContent
from insights.notifications.mails import Facts, Mail, facts_of, mail_of_end, mail_of_tasks

KIND = "notify"


@dataclass(frozen=True, slots=True)
class Reader:
    """A person who may see the conversation, their confirmed address (empty: none, they get no mail), and their settings."""

    user: User
    address: str
    wants: AccountSettings


@handler(KIND, internal=True)
def notify(job: RunningJob) -> None:
    """Send mails about a conversation that is over (`over`), mails and webhooks about its tasks. `by`: who assigned them, not told."""
    found = Conversation.objects.filter(pk=int(str(job.parameters["conversation"])), deleted_at=None)
    conversation = found.first()
    if conversation is None or conversation.ended_at is None or not conversation.message_count:
        return
    readers = readers_of(conversation)
    facts = facts_of(conversation, words=any(one.wants.notify_content == NotificationContent.WORDS for one in readers))
    with write_transaction():
        if found.select_for_update().exists():  # two jobs of one conversation tell nothing twice
            _notify_readers(conversation, facts, readers, over=bool(job.parameters["over"]), by=str(job.parameters["by"]))


def readers_of(conversation: Conversation) -> list[Reader]:
    """Return the active accounts that own the conversation or that it is shared with. Three queries."""
    shares = Q(shares__conversation=conversation) | Q(team_memberships__team__shares__conversation=conversation)
    people = User.objects.filter(Q(pk=conversation.owner_id) | shares, is_active=True).order_by("pk").distinct()
    users = list(people)
    addresses: dict[int, list[EmailAddress]] = defaultdict(list)
    for row in EmailAddress.objects.filter(user__in=users).order_by("-primary", "pk"):
        addresses[row.user_id].append(row)
    wishes = {row.user_id: row for row in AccountSettings.objects.filter(user__in=users)}
    return [Reader(user, _confirmed(user, addresses[user.pk]), wishes.get(user.pk) or AccountSettings(user=user)) for user in users]


def _confirmed(user: User, rows: Sequence[EmailAddress]) -> str:
    """Return the confirmed address; for an account that an administrator created, that of the account. Empty: it has none."""
    if rows:
        return next((row.email for row in rows if row.verified), "")
    entered = user.email or user.username
    return entered if "@" in entered and user.has_usable_password() else ""


def _notify_readers(conversation: Conversation, facts: Facts, readers: Sequence[Reader], *, over: bool, by: str) -> None:
    """Store what each reader gets, and enqueue the mails and the messages to webhooks."""
    now = timezone.now()
    known: set[tuple[int, UUID | None]] = set(Notification.objects.filter(conversation=conversation).values_list("user_id", "insight_id"))
    tasks = _open_tasks(conversation)
    notices: list[Notification] = []
    assigned: dict[int, list[UUID]] = {}
    for reader in readers:
        user_id = reader.user.pk
        ended = over and (user_id, None) not in known
        person = queries.UserNames(user_id, reader.address, reader.user.get_full_name())
        mine = [one for one in tasks if (user_id, one.pk) not in known and person.is_assigned(one)]
        new: list[UUID | None] = [*([None] if ended else []), *(one.pk for one in mine)]
        notices += [Notification(user=reader.user, conversation=conversation, insight_id=one, created_at=now) for one in new]
        assigned_it = bool(by) and by in (reader.user.get_username(), reader.user.get_full_name())
        theirs = [] if assigned_it else mine
        assigned[user_id] = [one.pk for one in theirs]
        with in_language_of(reader.wants.language):
            mail = _mail(reader, facts, theirs, ended=ended)
        if mail is not None:
            to, plain = [reader.address], mail.without_words
            jobs.send_mail(to, mail.subject, mail.text, without_words=plain, conversation_id=conversation.pk)
    Notification.objects.bulk_create(notices)
    webhooks.notify_of_tasks(conversation, assigned)


def _mail(reader: Reader, facts: Facts, tasks: Sequence[Insight], *, ended: bool) -> Mail | None:
    """Return the mail to a reader; None if they want none, or have no confirmed address, or the server sends none."""
    if not (settings.MAIL_CONFIGURED and reader.address):
        return None
    wanted = tasks if reader.wants.notify_tasks else []
    if ended and reader.wants.notify_over:
        return mail_of_end(facts, wanted, reader.wants.notify_content)
    return mail_of_tasks(facts, wanted, reader.wants.notify_content) if wanted else None


def _open_tasks(conversation: Conversation) -> list[Insight]:
    """Return the tasks that are neither done nor rejected, with their assignees, in their order. One query."""
    found = Insight.objects.filter(conversation=conversation, type__in=task_kinds(), done_at=None).exclude(review=Insight.Review.REJECTED)
    return list(found.exclude(text="").select_related("assignee").order_by("message__number", "id"))
