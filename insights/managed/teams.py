"""Teams: who is in them, and what they get of their members' new conversations."""

import logging

from django.contrib.auth.models import User
from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from insights.database import log_after_commit, write_transaction
from insights.managed.accounts import person_with
from insights.managed.errors import ManagedError
from insights.models import AccessLevel, Conversation, Share, Team, TeamMembership
from insights.names import clean_name

logger = logging.getLogger(__name__)

MOST_MEMBERS = 500
MOST_TEAMS = 50
"""Teams that one person can be in."""
LONGEST_TEAM_NAME = 100


class TeamError(ManagedError):
    """A change of a team that is not possible; the text says why."""


def teams_to_share_with(user_id: int) -> QuerySet[Team]:
    """Return the teams that a person is in."""
    return Team.objects.filter(memberships__user_id=user_id)


def teams_with(user_id: int) -> QuerySet[TeamMembership]:
    """Return the memberships of a person with their teams; `people` is the number of people in each."""
    memberships = TeamMembership.objects.filter(user_id=user_id)
    return memberships.select_related("team").annotate(people=Count("team__memberships")).order_by("team__name", "team_id")


def membership(user_id: int, team_id: int) -> TeamMembership | None:
    """Return the membership of a person in a team, with the team; None for another team."""
    return TeamMembership.objects.filter(user_id=user_id, team_id=team_id).select_related("team").first()


def people_of(team: Team) -> list[TeamMembership]:
    """Return the memberships of a team with their people, managers first. One query."""
    return list(TeamMembership.objects.filter(team=team).select_related("user").order_by("-manages", "joined_at", "id"))


def create_team(user: User, name: str) -> Team:
    """Create a team that a person manages. Raises TeamError."""
    cleaned = _name(name)
    with write_transaction():
        if TeamMembership.objects.filter(user=user).count() >= MOST_TEAMS:
            raise TeamError(_("You can be in at most %(most)d teams.") % {"most": MOST_TEAMS})
        now = timezone.now()
        team = Team.objects.create(name=cleaned, created_at=now)
        TeamMembership.objects.create(team=team, user=user, manages=True, joined_at=now)
        return team


def change_team(team: Team, name: str, new_conversations: AccessLevel | None) -> None:
    """Rename a team, and set what it gets of its members' new conversations. Raises TeamError."""
    team.name, team.new_conversations = _name(name), new_conversations
    with write_transaction():
        team.save(update_fields=["name", "new_conversations"])


def delete_team(team: Team) -> None:
    """Delete a team with its shares. The conversations stay with their owners."""
    with write_transaction():
        team.delete()


def add_person(team: Team, address: str) -> TeamMembership:
    """Add the account of an e-mail address to a team. Its new conversations are not shared until the person agrees. Raises TeamError."""
    user = person_with(address)
    if user is None:
        raise TeamError(_("There is no account with this e-mail address."))
    with write_transaction():
        if TeamMembership.objects.filter(team=team).count() >= MOST_MEMBERS:
            raise TeamError(_("A team can have at most %(most)d people.") % {"most": MOST_MEMBERS})
        if TeamMembership.objects.filter(user=user).exclude(team=team).count() >= MOST_TEAMS:
            raise TeamError(_("This person is in %(most)d teams already.") % {"most": MOST_TEAMS})
        new = {"joined_at": timezone.now(), "shares_new": False}
        found, made = TeamMembership.objects.get_or_create(team=team, user=user, defaults=new)
        if not made:
            raise TeamError(_("This person is in the team already."))
        return found


def remove_person(team: Team, user_id: int) -> bool:
    """Remove a person from a team, who sees what is shared with it no more; return whether they were in it. Raises TeamError.

    What the person shared with the team is no longer shared with it.
    """
    with write_transaction():
        _check_other_manager(team, user_id)
        Share.objects.filter(team=team, conversation__owner_id=user_id).delete()
        return TeamMembership.objects.filter(team=team, user_id=user_id).delete()[0] > 0


def set_manages(team: Team, user_id: int, manages: bool) -> None:
    """Make a person of the team a manager, or not. Raises TeamError for the last manager."""
    with write_transaction():
        if not manages:
            _check_other_manager(team, user_id)
        TeamMembership.objects.filter(team=team, user_id=user_id).update(manages=manages)


def set_shares_new(team: Team, user_id: int, shares_new: bool) -> None:
    """Set whether the new conversations of a person are shared as the team says."""
    with write_transaction():
        TeamMembership.objects.filter(team=team, user_id=user_id).update(shares_new=shares_new)


def share_new(conversation: Conversation) -> None:
    """Share a new conversation with the teams of its owner that get new ones. Call it in the transaction that creates the conversation."""
    memberships = TeamMembership.objects.filter(user_id=conversation.owner_id, shares_new=True, team__new_conversations__isnull=False)
    now = timezone.now()
    levels = memberships.order_by("team_id").values_list("team_id", "team__new_conversations")
    shares = [Share(conversation=conversation, team_id=team, level=level, created_at=now) for team, level in levels if level]
    if shares:
        Share.objects.bulk_create(shares)


def pass_on_teams(user_id: int, *, leaves: bool = False) -> None:
    """Give the teams that only this account managed another manager: the longest member with an active account, else the longest member.

    Call it in the transaction that deactivates or removes (`leaves`) the account. A team that nobody is left in is deleted.
    """
    managed = Team.objects.filter(memberships__user_id=user_id, memberships__manages=True).order_by("pk")
    for team in list(managed.select_for_update(of=("self",))):
        others = TeamMembership.objects.select_for_update(of=("self",)).filter(team=team).exclude(user_id=user_id)
        if others.filter(manages=True, user__is_active=True).first() is not None:
            continue
        successor = others.order_by("-user__is_active", "joined_at", "id").first()
        if successor is not None and (leaves or successor.user.is_active):
            successor.manages = True
            successor.save(update_fields=["manages"])
            log_after_commit(logger, "team %d: account %d manages it now, since account %d does not", team.pk, successor.user_id, user_id)
        elif successor is None and leaves:
            team.delete()


def _check_other_manager(team: Team, user_id: int) -> None:
    locked = TeamMembership.objects.select_for_update(of=("self",))
    managers = list(locked.filter(team=team, manages=True, user__is_active=True).values_list("user_id", flat=True))
    if managers == [user_id]:
        raise TeamError(_("A team needs a manager. Make another member a manager first, or delete the team."))


def _name(name: str) -> str:
    cleaned = clean_name(name, LONGEST_TEAM_NAME)
    if not cleaned:
        raise TeamError(_("A team needs a name."))
    return cleaned
