"""All that is stored about an account besides the contents of its conversations, for the export of its data. No secrets, and no vectors
of voices: the file is not encrypted, and with them a voice can be recognised.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from insights.models import (
    AccountEntity,
    AccountRole,
    AccountSettings,
    AccountTracker,
    AccountVocabulary,
    App,
    Bookmark,
    Change,
    Conversation,
    ConversationGroup,
    Deletion,
    Job,
    Reading,
    Share,
    ShareLink,
    TeamMembership,
    VoiceProfile,
    WebhookEndpoint,
)
from insights.snapshots import JsonObject

PROFILE = ("id", "username", "email", "first_name", "last_name", "date_joined", "last_login", "is_active")


def account_data(user_id: int) -> JsonObject:
    """Return all data of an account by table. Values are texts, numbers, lists and objects of JSON."""
    return {
        "profile": next(_rows(User.objects.filter(pk=user_id), PROFILE), {}),
        **{name: list(_rows(rows, columns)) for name, rows, columns in _tables(user_id)},
    }


def _tables(user_id: int) -> Sequence[tuple[str, QuerySet[Any], Sequence[str]]]:
    """Return the tables with rows of an account: a name, the rows, and the columns that are no secrets."""
    own = Conversation.objects.filter(owner_id=user_id)
    return (
        ("emailAddresses", EmailAddress.objects.filter(user_id=user_id), ("email", "verified", "primary")),
        ("secondFactors", Authenticator.objects.filter(user_id=user_id), ("type", "created_at", "last_used_at")),
        ("signedInDevices", UserSession.objects.filter(user_id=user_id), ("created_at", "ip", "last_seen_at", "user_agent")),
        ("roles", AccountRole.objects.filter(user_id=user_id), ("role",)),
        ("settings", AccountSettings.objects.filter(user_id=user_id), _columns(AccountSettings, "user")),
        (
            "apps",
            App.objects.filter(owner_id=user_id),
            ("name", "app_id", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at"),
        ),
        ("trackers", AccountTracker.objects.filter(owner_id=user_id), _columns(AccountTracker, "owner")),
        ("entities", AccountEntity.objects.filter(owner_id=user_id), _columns(AccountEntity, "owner")),
        ("groups", ConversationGroup.objects.filter(owner_id=user_id), _columns(ConversationGroup, "owner")),
        ("vocabulary", AccountVocabulary.objects.filter(owner_id=user_id), ("phrases", "updated_at")),
        ("teams", TeamMembership.objects.filter(user_id=user_id), ("team__name", "manages", "shares_new", "joined_at")),
        ("sharedWithMe", Share.objects.filter(user_id=user_id), ("conversation_id", "level", "created_at")),
        ("sharedByMe", Share.objects.filter(conversation__in=own), ("conversation_id", "user__email", "team__name", "level", "created_at")),
        (
            "links",
            ShareLink.objects.filter(owner_id=user_id),
            ("kind", "conversation_id", "connection_id", "audio", "guests", "created_at", "expires_at", "withdrawn_at"),
        ),
        (
            "webhooks",
            WebhookEndpoint.objects.filter(owner_id=user_id, job=None, conversation=None),
            ("url", "description", "events", "active", "created_at"),
        ),
        (
            "bookmarks",
            Bookmark.objects.filter(Q(created_by_id=user_id) | Q(conversation__in=own), conversation__deleted_at=None),
            _columns(Bookmark, "created_by"),
        ),
        (
            "voiceProfiles",
            VoiceProfile.objects.filter(owner_id=user_id),
            (*_columns(VoiceProfile, "owner", "vectors", "team"), "team__name"),
        ),
        ("edits", Change.objects.filter(user_id=user_id), ("conversation_id", "kind", "target", "created_at")),
        ("deletions", Deletion.objects.filter(user_id=user_id), ("kind", "conversation_id", "item_id", "at", "counts")),
        ("readings", Reading.objects.filter(user_id=user_id), _columns(Reading, "user")),
        ("jobs", Job.objects.filter(owner_id=user_id, internal=False), ("kind", "status", "reason", "created_at", "finished_at")),
    )


def _columns(model: Any, *without: str) -> tuple[str, ...]:
    """Return the names of the columns of a table without these."""
    return tuple(field.attname for field in model._meta.concrete_fields if field.name not in without)


def _rows(rows: QuerySet[Any], columns: Sequence[str]) -> Iterator[JsonObject]:
    for row in rows.order_by("pk").values(*columns).iterator():
        yield {name.replace("__", "_"): _value(value) for name, value in row.items()}


def _value(value: object) -> Any:
    """Return a value of a column in its JSON form."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)
