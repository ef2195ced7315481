"""Delete everything of one person: an account with all that it has, or what a member said in the conversations of accounts."""

import logging
import time
from dataclasses import dataclass

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone

from insights import managed, recorder
from insights.database import write_transaction
from insights.models import App, Conversation, Deletion, Member, VoiceProfile

logger = logging.getLogger(__name__)

WITHIN_S = 30.0
"""Seconds that the removal of an account's conversations may take beyond their deletion."""
WAIT_S = 0.1


class NotFinished(Exception):
    """Some conversations could not be removed yet; the same call continues."""


@dataclass(frozen=True, slots=True)
class WordsDeleted:
    """How much of a person was deleted. `profiles`: voice profiles of the person."""

    conversations: int
    messages: int
    profiles: int = 0


def delete_account(user: User, by: int | None) -> int:
    """Delete an account with its conversations, apps and sign-ins; return the number of conversations. Raises NotFinished.

    First nobody can act for it any more: its live connections end within seconds. An interrupted call is repeated.
    """
    with write_transaction():
        User.objects.filter(pk=user.pk).update(is_active=False)
        managed.pass_on_teams(user.pk)
    App.objects.filter(owner=user, revoked_at=None).update(revoked_at=timezone.now())
    _sign_out(user)
    managed.delete_profiles(VoiceProfile.objects.filter(owner=user), by)
    count = 0
    conversations = Conversation.everything.filter(owner=user)
    deadline = time.monotonic() + WITHIN_S
    while conversations.exists():
        for conversation_id in list(conversations.filter(erased_at=None).values_list("id", flat=True)[:100]):
            count += _delete_conversation(conversation_id, by)
            deadline = time.monotonic() + WITHIN_S
        recorder.continue_deletions()
        if conversations.exists():
            if time.monotonic() > deadline:
                raise NotFinished(f"account {user.pk}: some conversations are hidden but not removed yet; delete it again later")
            time.sleep(WAIT_S)
    identity = user.pk
    with write_transaction():
        managed.pass_on_teams(identity, leaves=True)
        user.delete()
    Deletion.objects.create(kind=Deletion.Kind.ACCOUNT, owner_id=identity, user_id=None if by == identity else by, at=timezone.now())
    logger.info("deletion: account %d, %d conversations, by user %s", identity, count, by)
    return count


def delete_words(owner: User | None, *, email: str = "", name: str = "", by: int | None) -> WordsDeleted:
    """Delete what a person said in all conversations of an account (None: of all accounts), those in the bin too, by e-mail address or else
    by name.

    The address is compared with the addresses and user ids of members. A member who was merged with another one is that person, too. Voice
    profiles of the person are deleted. Raises ValueError without both.
    """
    if not email and not name:
        raise ValueError("an e-mail address or a name is needed")
    same = Q(email__iexact=email) | Q(user_id__iexact=email) if email else Q(name__iexact=name)
    found = Member.objects.filter(same, conversation__erased_at=None)
    if owner is not None:
        found = found.filter(conversation__owner=owner)
    rows = found.order_by("conversation_id").values_list("conversation_id", "merged_into_id", "id")
    members = dict.fromkeys((conversation_id, into or one) for conversation_id, into, one in rows)
    messages, touched = 0, set()
    for conversation_id, member_id in members:
        try:
            messages += recorder.delete_words_of(conversation_id, member_id, by)
        except (recorder.UnknownConversation, recorder.UnknownMember):  # deleted meanwhile
            continue
        touched.add(conversation_id)
    return WordsDeleted(len(touched), messages, _delete_profiles(owner, email, name, by))


def _delete_profiles(owner: User | None, email: str, name: str, by: int | None) -> int:
    profiles = VoiceProfile.objects.filter(Q(email__iexact=email) if email else Q(name__iexact=name))
    return managed.delete_profiles(profiles if owner is None else profiles.filter(owner=owner), by)


def _delete_conversation(conversation_id: int, by: int | None) -> int:
    try:
        recorder.delete_conversation(conversation_id, by)
    except recorder.UnknownConversation:
        return 0
    return 1


def _sign_out(user: User) -> None:
    """Remove the account's sign-ins. Their content is signed text, so all are read."""
    mine = [row.session_key for row in Session.objects.iterator() if row.get_decoded().get(SESSION_KEY) == str(user.pk)]
    Session.objects.filter(session_key__in=mine).delete()
