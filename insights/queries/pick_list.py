"""Whom a task or words of a conversation can be given to: its members, those who may see it, and the team mates of who asks."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q

from insights.models import Conversation, Member, Share, TeamMembership

MOST_ACCOUNTS = 300
"""Accounts in the list beside the members."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member of the conversation, or an account (then without `member_id`).

    `assigned` is the text that makes a task one of the account's: the name, or the address if it has no name or another one has the same.
    """

    name: str
    email: str
    assigned: str
    member_id: UUID | None = None


def candidates_of(conversation: Conversation, user_id: int) -> list[Candidate]:
    """Return the members in the order of joining, then accounts by name, each person once. Two queries."""
    members = list(Member.objects.filter(conversation=conversation, merged_into=None).order_by("joined_at", "id"))
    known = {text.casefold() for one in members for text in (one.email, one.user_id.split("/")[0]) if "@" in text}
    accounts = [one for one in _accounts(conversation, user_id) if _address(one).casefold() not in known]
    names = Counter([*(str(one).casefold() for one in members), *(one.get_full_name().casefold() for one in accounts)])
    return [
        *(Candidate(str(one), one.email, str(one), one.pk) for one in members if str(one)),
        *(_of_account(one, unique=names[one.get_full_name().casefold()] == 1) for one in accounts),
    ]


def _of_account(user: User, *, unique: bool) -> Candidate:
    name, address = user.get_full_name(), _address(user)
    return Candidate(name or address, address, name if name and unique else address)


def _address(user: User) -> str:
    return user.email or user.get_username()


def _accounts(conversation: Conversation, user_id: int) -> list[User]:
    """Return the active accounts that own the conversation, that it is shared with, or that are in a team with this user."""
    shares = Share.objects.filter(conversation=conversation).order_by()
    teams = TeamMembership.objects.order_by()
    shared_teams = teams.filter(team_id__in=shares.exclude(team=None).values("team_id"))
    own_teams = teams.filter(team_id__in=teams.filter(user_id=user_id).values("team_id"))
    wanted = Q(pk__in=[conversation.owner_id, user_id]) | Q(pk__in=shares.exclude(user=None).values("user_id"))
    wanted |= Q(pk__in=shared_teams.values("user_id")) | Q(pk__in=own_teams.values("user_id"))
    return list(User.objects.filter(wanted, is_active=True).order_by("first_name", "last_name", "username")[:MOST_ACCOUNTS])
