"""Accounts by their address, and what a conversation that starts takes from its account."""

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q

from insights.analysis.custom_entities import CustomEntity
from insights.analysis.trackers import Tracker
from insights.compiled_query import CompiledQuery
from insights.managed.entities import entities_of
from insights.managed.trackers import trackers_of
from insights.models import AccountEntity, TeamMembership


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """What an account has set for its conversations.

    `trackers`: empty if they were not asked for. `store_audio`: whether audio is stored where a client does not say. `max_sessions`: how
    many people may speak at once in its conversations, None without a limit. `shares_new`: whether a team gets its new conversations.
    """

    vocabulary: tuple[str, ...] = ()
    entities: tuple[CustomEntity, ...] = ()
    trackers: tuple[Tracker, ...] = ()
    store_audio: bool = False
    max_sessions: int | None = None
    shares_new: bool = False

    def trackers_with(self, trackers: tuple[Tracker, ...]) -> tuple[Tracker, ...]:
        """Return the trackers of a request plus those of the account; one of the request replaces one with the same name or id."""
        names = {tracker.name for tracker in trackers}
        ids = {tracker.id for tracker in trackers if tracker.id}
        return (*trackers, *(one for one in self.trackers if one.name not in names and one.id not in ids))

    def vocabulary_with(self, vocabulary: tuple[str, ...]) -> tuple[str, ...]:
        """Return the vocabulary of a request plus that of the account, each phrase once."""
        return tuple(dict.fromkeys((*vocabulary, *self.vocabulary)))


def person_with(address: str) -> User | None:
    """Return the active account of an e-mail address, regardless of case.

    Not one that typed the address at sign-up and has not confirmed it, which may belong to somebody else.
    """
    wanted = address.strip()
    if not wanted or "\x00" in wanted:
        return None
    rows = EmailAddress.objects.filter(user=OuterRef("pk"))
    confirmed = ~Exists(rows) | Exists(rows.filter(verified=True))  # an account of an administrator may have no rows
    same = Q(username__iexact=wanted) | Q(email__iexact=wanted)
    return User.objects.filter(same, confirmed, is_active=True).order_by("pk").first()


def settings_of(owner_id: int, *, all_trackers: bool) -> LiveSettings:
    """Return what a conversation of this account uses. One query; one more for an account with entities, and with trackers."""
    trackers = trackers_of(owner_id) if all_trackers else ()
    for phrases, store_audio, max_sessions, has_entities, shares_new in _SETTINGS.rows(owner_id):
        entities = entities_of(owner_id) if has_entities else ()
        return LiveSettings(tuple(phrases or ()), entities, trackers, bool(store_audio), max_sessions, bool(shares_new))
    return LiveSettings(trackers=trackers)


_SETTINGS = CompiledQuery(
    lambda owner: User.objects.filter(pk=owner).values_list(
        "vocabulary__phrases",
        "account_settings__store_audio",
        "account_settings__max_sessions",
        Exists(AccountEntity.objects.filter(owner_id=OuterRef("pk"))),
        Exists(TeamMembership.objects.filter(user_id=OuterRef("pk"), shares_new=True, team__new_conversations__isnull=False)),
    )
)
