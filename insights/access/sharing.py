"""What a person may do with a conversation, and with whom its owner shares it (design law 6)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext as _

from insights.database import write_transaction
from insights.managed import person_with
from insights.models import AccessLevel, Conversation, Share, ShareLink, Team, TeamMembership, shares_with

MOST_SHARES = 200
"""People and teams that one conversation is shared with."""


class SharingError(Exception):
    """A share that is not possible; the text says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """A person and a conversation."""

    user_id: int
    conversation_id: int


def access_of(user: User | AnonymousUser | None, conversation: Conversation) -> AccessLevel | None:
    """Return what a person may do with a conversation, None for nothing, as with one in the bin. No query for the owner, one for others.

    Roles give nothing here: reviewers read others' conversations in the review queue and the admin, where each reading is stored.
    """
    if user is None or not user.is_authenticated or not user.is_active or conversation.deleted_at is not None:
        return None
    if conversation.owner_id == user.pk:
        return AccessLevel.OWN
    level = shares_with(user.pk).filter(conversation=conversation).aggregate(level=Max("level"))["level"]
    return None if level is None else AccessLevel(level)


def may(user: User | AnonymousUser | None, conversation: Conversation, level: AccessLevel) -> bool:
    """Return whether a person has at least this level."""
    found = access_of(user, conversation)
    return found is not None and found >= level


def may_see(user: User | AnonymousUser | None, conversation: Conversation) -> bool:
    """Return whether a person may read a conversation."""
    return may(user, conversation, AccessLevel.READ)


def levels_at(places: Collection[Place]) -> Mapping[Place, AccessLevel]:
    """Return what people may do with conversations that still exist. Three queries for any number of places."""
    if not places:
        return {}
    people, conversations = {one.user_id for one in places}, {one.conversation_id for one in places}
    found: dict[Place, int] = {}
    for user_id, conversation_id in Conversation.objects.filter(pk__in=conversations).order_by().values_list("owner_id", "pk"):
        found[Place(user_id, conversation_id)] = AccessLevel.OWN
    seen = Share.objects.filter(conversation__in=conversations, conversation__deleted_at=None).order_by()
    direct = seen.filter(user__in=people).values_list("user_id", "conversation_id", "level")
    by_team = seen.filter(team__memberships__user__in=people).values_list(F("team__memberships__user_id"), "conversation_id", "level")
    for user_id, conversation_id, level in [*direct, *by_team]:
        place = Place(user_id, conversation_id)
        found[place] = max(level, found.get(place, 0))
    return {place: AccessLevel(found[place]) for place in places if place in found}


def shares_of(conversation: Conversation) -> list[Share]:
    """Return with whom a conversation is shared, with the people and teams. One query."""
    return list(Share.objects.filter(conversation=conversation).select_related("user", "team").order_by("id"))


def share_with_person(conversation: Conversation, address: str, level: AccessLevel) -> Share:
    """Share a conversation with the account of an e-mail address, or change the level of the share. Raises SharingError."""
    user = person_with(address)
    if user is None:
        raise SharingError(_("There is no account with this e-mail address."))
    if user.pk == conversation.owner_id:
        raise SharingError(_("This conversation belongs to this account already."))
    return _share(conversation, level, user=user)


def share_with_team(conversation: Conversation, team_id: int, level: AccessLevel) -> Share:
    """Share a conversation with a team of its owner, or change the level of the share. Raises SharingError."""
    team = Team.objects.filter(pk=team_id, memberships__user=conversation.owner_id).first()
    if team is None:
        raise SharingError(_("You are not a member of this team."))
    return _share(conversation, level, team=team)


def keep_for(conversation: Conversation, user: User, invitation: ShareLink) -> bool:
    """Give somebody who was invited to a conversation read access until the invitation is withdrawn, unless they have access.

    Return whether they have access now: not if the invitation was withdrawn meanwhile, which waits for the lock on its row. Raises
    SharingError.
    """
    if access_of(user, conversation) is not None:
        return True
    with write_transaction():
        if not ShareLink.objects.select_for_update().filter(pk=invitation.pk, withdrawn_at=None).exists():
            return False
        if access_of(user, conversation) is None:  # the owner may have shared it meanwhile, with another level
            _share(conversation, AccessLevel.READ, user=user, invitation=invitation)
        return True


def unshare(conversation: Conversation, share_id: int) -> bool:
    """End a share; return whether there was one."""
    with write_transaction():
        return Share.objects.filter(conversation=conversation, pk=share_id).delete()[0] > 0


def may_return(conversation: Conversation, share_id: int) -> bool:
    """Return whether the person of a share came by an invitation that is still valid, by which they can come back."""
    by_invitation = Share.objects.filter(conversation=conversation, pk=share_id, invitation__withdrawn_at=None)
    return by_invitation.filter(invitation__expires_at__gt=timezone.now()).exists()


def names_of(user_ids: Collection[int]) -> dict[int, str]:
    """Return the names of accounts. One query, none without ids."""
    users = User.objects.filter(pk__in=user_ids) if user_ids else ()
    return {user.pk: user.get_full_name() or user.get_username() for user in users}


def teams_of(user: User) -> list[Team]:
    """Return the teams of a person."""
    return list(Team.objects.filter(pk__in=TeamMembership.objects.filter(user_id=user.pk).order_by().values("team_id")))


def _share(
    conversation: Conversation,
    level: AccessLevel,
    user: User | None = None,
    team: Team | None = None,
    invitation: ShareLink | None = None,
) -> Share:
    if level not in (AccessLevel.READ, AccessLevel.EDIT):
        raise SharingError(_("Choose “Can view” or “Can edit”."))
    with write_transaction():
        others = Share.objects.filter(conversation=conversation).exclude(user=user, team=team)
        if others.count() >= MOST_SHARES:
            raise SharingError(_("A conversation can be shared with at most %(most)d people and teams.") % {"most": MOST_SHARES})
        defaults = {"level": level, "created_at": timezone.now(), "invitation": invitation}
        shared, _made = Share.objects.update_or_create(conversation=conversation, user=user, team=team, defaults=defaults)
        return shared
