"""Links with a secret: to the public pages of a conversation, and invitations to a live one.

The secret is a signature of the link's id with a key that follows from SECRET_KEY, so that a link can be shown again and the table holds no
secret. Whoever presents the secret of a link that was valid gets the answer that it expired or was withdrawn; for others nothing exists.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, dumps, loads
from django.db.models import Q, QuerySet
from django.utils import timezone

from insights.compiled_query import CompiledQuery
from insights.database import write_transaction
from insights.models import Conversation, Experience, Share, ShareLink
from insights.names import clean_name

INVITATION_DAYS = 7
GUEST_S = 12 * 3600
"""Seconds for which a guest can connect again without opening the invitation again."""
LONGEST_GUEST_NAME = 100
MOST_LINKS = 50
"""Public links of a conversation, and invitations of a connection id, that are valid at the same time."""
MOST_SUMMARY_LINKS = 100
"""Links to summary pages of one conversation; the oldest is replaced, as its page is."""
LONGEST_LINK_DAYS = 90
PUBLIC_KINDS = (ShareLink.Kind.PUBLIC, ShareLink.Kind.SUMMARY)
INVITATION_KINDS = (ShareLink.Kind.SPEAK, ShareLink.Kind.WATCH)
_SIGNATURE_BYTES = 16
_SALT = "insights.access.guest"


class LinkState(StrEnum):
    """Whether a link leads anywhere."""

    VALID = "valid"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class TooManyLinks(Exception):
    """The conversation has MOST_LINKS valid links."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody without an account who was let in by an invitation; `id` is new for each who enters."""

    link_id: UUID
    id: str
    name: str


def secret_of(link: ShareLink) -> str:
    """Return the text of a link that stands for it in a URL."""
    return urlsafe_b64encode(link.pk.bytes + _signature(link.pk)).decode().rstrip("=")


def link_of(secret: str, *kinds: ShareLink.Kind) -> ShareLink | None:
    """Return the link of a secret, whatever its state; None for a text that never was one, or if its conversation is gone."""
    try:
        raw = urlsafe_b64decode(secret.encode("ascii") + b"==") if len(secret) == 43 else b""
    except (ValueError, UnicodeEncodeError):
        return None
    if len(raw) != 16 + _SIGNATURE_BYTES or urlsafe_b64encode(raw).decode().rstrip("=") != secret:
        return None
    identity = UUID(bytes=raw[:16])
    if not hmac.compare_digest(raw[16:], _signature(identity)):
        return None
    found = ShareLink.objects.filter(pk=identity, kind__in=kinds, owner__is_active=True)
    return found.filter(Q(conversation=None) | Q(conversation__deleted_at=None)).select_related("owner").first()


def published_by(link: ShareLink) -> Conversation | None:
    """Return the conversation of a public link; None if it is gone, or for an invitation."""
    return Conversation.objects.filter(pk=link.conversation_id).first() if link.conversation_id else None


def state_of(link: ShareLink) -> LinkState:
    """Return whether a link leads anywhere now. A summary page that was removed counts as withdrawn."""
    if link.withdrawn_at is not None or (link.kind == ShareLink.Kind.SUMMARY and link.experience_id is None):
        return LinkState.WITHDRAWN
    return LinkState.EXPIRED if link.expires_at <= timezone.now() else LinkState.VALID


def usable_links(wanted: Collection[tuple[UUID | None, bool]]) -> set[tuple[UUID | None, bool]]:
    """Return which invitations still hold for those who are connected, each with whether it is for a guest. One query.

    One that expired holds: it lets nobody in any more, and cuts nobody off.
    """
    ids = {link_id for link_id, _ in wanted if link_id}
    if not ids:
        return set()
    rows = ShareLink.objects.filter(pk__in=ids, withdrawn_at=None, owner__is_active=True).order_by().values_list("pk", "guests")
    guests = dict(rows)
    return {(link_id, guest) for link_id, guest in wanted if link_id in guests and (guests[link_id] or not guest)}


def public_links(conversation: Conversation) -> list[ShareLink]:
    """Return the valid public links of a conversation and of its summary pages, newest first."""
    removed = Q(kind=ShareLink.Kind.SUMMARY, experience=None)
    return list(_valid().filter(conversation=conversation, kind__in=PUBLIC_KINDS).exclude(removed).select_related("experience"))


def summary_path(conversation_id: int, user_id: int) -> str:
    """Return the path of the page with the summary of a conversation: the newest public one that its owner made, if the user is the owner.

    For everybody else it is the page of the conversation, as the secret of a public link is the owner's to give away. One query.
    """
    link = _SUMMARY.first(conversation_id, user_id, timezone.now())
    return conversation_path(conversation_id) if link is None else f"/shared/{secret_of(link)}/"


def conversation_path(conversation_id: int) -> str:
    """Return the path of the page of a conversation, which only those see with whom it is shared."""
    return f"/conversations/{conversation_id}/"


_SUMMARY = CompiledQuery(
    lambda conversation, owner, now: (
        ShareLink.objects.filter(withdrawn_at=None, expires_at__gt=now, kind__in=PUBLIC_KINDS)
        .filter(conversation_id=conversation, conversation__owner_id=owner)
        .exclude(kind=ShareLink.Kind.SUMMARY, experience=None)
        .order_by("-kind", "-created_at", "id")[:1]
    )  # summary pages come before pages with the transcript
)


def invitations(owner_id: int, connection_id: str) -> list[ShareLink]:
    """Return the valid invitations of a connection id, newest first."""
    return list(_valid().filter(owner_id=owner_id, connection_id=connection_id, kind__in=INVITATION_KINDS))


def create_public_link(conversation: Conversation, days: int, *, audio: bool) -> ShareLink:
    """Create a link to the public page of a conversation that expires. Raises TooManyLinks."""
    with write_transaction():
        if _valid().filter(conversation=conversation, kind=ShareLink.Kind.PUBLIC).count() >= MOST_LINKS:
            raise TooManyLinks
        now = timezone.now()
        lifetime = timedelta(days=days)
        return ShareLink.objects.create(
            kind=ShareLink.Kind.PUBLIC,
            owner_id=conversation.owner_id,
            conversation=conversation,
            audio=audio,
            created_at=now,
            expires_at=now + lifetime,
        )


def create_summary_link(conversation: Conversation, experience: Experience, *, audio: bool) -> ShareLink:
    """Create a public link to a summary page. It expires with the page, and after LONGEST_LINK_DAYS at the latest."""
    now = timezone.now()
    latest = now + timedelta(days=LONGEST_LINK_DAYS)
    with write_transaction():
        earlier = ShareLink.objects.filter(conversation=conversation, kind=ShareLink.Kind.SUMMARY)
        kept = list(earlier.order_by("-created_at", "id").values_list("pk", flat=True)[: MOST_SUMMARY_LINKS - 1])
        earlier.exclude(pk__in=kept).delete()
        return ShareLink.objects.create(
            kind=ShareLink.Kind.SUMMARY,
            owner_id=conversation.owner_id,
            conversation=conversation,
            experience=experience,
            audio=audio,
            created_at=now,
            expires_at=min(experience.expires_at or latest, latest),
        )


def invite(owner_id: int, connection_id: str, kind: ShareLink.Kind, *, guests: bool) -> ShareLink:
    """Return a valid invitation to a connection id, a new one if there is none that lets the same people in. Raises TooManyLinks."""
    with write_transaction():
        valid = _valid().filter(owner_id=owner_id, connection_id=connection_id)
        now = timezone.now()
        fresh = valid.filter(kind=kind, guests=guests, expires_at__gt=now + timedelta(days=1)).first()
        if fresh is not None:
            return fresh
        if valid.count() >= MOST_LINKS:
            raise TooManyLinks
        lifetime = timedelta(days=INVITATION_DAYS)
        row = {"owner_id": owner_id, "connection_id": connection_id, "kind": kind, "guests": guests}
        return ShareLink.objects.create(**row, created_at=now, expires_at=now + lifetime)


def withdraw_link(owner_id: int, link_id: UUID) -> bool:
    """Withdraw a link of an owner; return whether there was a valid one. Those who came by an invitation are disconnected, and see the
    conversation no more.

    The link first: its row is locked then, so that nobody who joins at the same moment gets a share afterwards (`keep_for`).
    """
    with write_transaction():
        withdrawn = ShareLink.objects.filter(pk=link_id, owner_id=owner_id, withdrawn_at=None).update(withdrawn_at=timezone.now())
        Share.objects.filter(invitation_id=link_id, invitation__owner_id=owner_id).delete()
        return withdrawn > 0


def guest_token(link: ShareLink, guest_id: str, name: str) -> str:
    """Return a text with which a guest can connect for GUEST_S seconds."""
    return dumps({"link": str(link.pk), "guest": guest_id, "name": clean_name(name, LONGEST_GUEST_NAME)}, salt=_SALT)


def guest_of(token: str) -> Guest | None:
    """Return the guest of a token; None if it is not valid any more. No query."""
    try:
        data = loads(token, salt=_SALT, max_age=GUEST_S)
        return Guest(UUID(data["link"]), str(data["guest"]), str(data["name"]))
    except (BadSignature, ValueError, KeyError, TypeError):
        return None


def _valid() -> QuerySet[ShareLink]:
    return ShareLink.objects.filter(withdrawn_at=None, expires_at__gt=timezone.now())


def _signature(identity: UUID) -> bytes:
    return hmac.new(_key(), identity.bytes, hashlib.sha256).digest()[:_SIGNATURE_BYTES]


def _key() -> bytes:
    """Return a key that only links use, so that no other text signed with SECRET_KEY is accepted as a link."""
    return hmac.new(settings.SECRET_KEY.encode(), b"parley share link", hashlib.sha256).digest()
