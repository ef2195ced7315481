"""The job that tells people of a conversation that its owner shared with them."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from insights import jobs
from insights.access.rate_limit import rate_limit
from insights.jobs import RunningJob, handler
from insights.mail_language import in_language_of
from insights.models import AccessLevel, Share, TeamMembership
from insights.notifications.mails import facts_of, mail_of_share
from insights.notifications.notify import Reader, readers_of

KIND = "notify_share"
WAIT = timedelta(seconds=30)
"""How long after a share its mail is sent, so that a share that is taken back at once sends none."""
ONCE_S = 24 * 3600.0
"""Seconds in which a person gets one mail about shares of one conversation, however often it is shared again."""


def notify_of_share(share: Share) -> None:
    """Enqueue the job that tells people of a new share. Without a mail server nothing is enqueued."""
    if settings.MAIL_CONFIGURED:
        jobs.enqueue(KIND, None, {"share": share.pk}, run_at=timezone.now() + WAIT)


@handler(KIND, internal=True)
def notify_share(job: RunningJob) -> None:
    """Send a mail to the person of a share, or to the members of its team, unless the share has ended meanwhile."""
    found = Share.objects.filter(pk=int(str(job.parameters["share"])), conversation__deleted_at=None)
    share = found.select_related("conversation__owner", "team").first()
    if share is None:
        return
    conversation = share.conversation
    facts, name = facts_of(conversation, words=False), conversation.owner.get_full_name() or conversation.owner.get_username()
    people = _people_of(share)
    for reader in readers_of(conversation):
        if reader.user.pk in people and _wants(reader) and rate_limit.add(f"shared:{conversation.pk}:{reader.user.pk}", ONCE_S) == 1:
            with in_language_of(reader.wants.language):
                mail = mail_of_share(facts, name, share.team.name if share.team else "", edit=share.level == AccessLevel.EDIT)
            jobs.send_mail([reader.address], mail.subject, mail.text, conversation_id=conversation.pk)


def _people_of(share: Share) -> set[int]:
    """Return the ids of the accounts that got access, without the owner's."""
    if share.team_id is None:
        return {share.user_id} if share.user_id is not None else set()
    members = TeamMembership.objects.filter(team_id=share.team_id).values_list("user_id", flat=True)
    return set(members) - {share.conversation.owner_id}


def _wants(reader: Reader) -> bool:
    return bool(reader.address) and reader.wants.notify_shares
