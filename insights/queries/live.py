"""Live conversations by connection id, their events, and how far each speaker's audio was recognised."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import Max, Q

from insights.compiled_query import CompiledQuery
from insights.events import Kind, parse
from insights.models import Conversation, Event, LiveSession, Message
from insights.names import LONGEST_NAME, clean_name
from insights.payloads import StoredEvent
from insights.queries.visible import Shown, visible_to

MOST_EVENTS = 500
CLOCKS_DIFFER = timedelta(minutes=1)


def live_conversation(owner_id: int, connection_id: str) -> Conversation | None:
    """Return the owner's live conversation with this connection id."""
    if "\x00" in connection_id:
        return None
    return Conversation.objects.filter(owner_id=owner_id, connection_id=connection_id, ended_at=None).first()


def latest_conversation(user_id: int, connection_id: str) -> Conversation | None:
    """Return the user's live conversation with this connection id, else the last ended one."""
    return conversation_for_subscriber(user_id, connection_id, ended_since=None)


def open_conversation_of(user_id: int) -> Conversation | None:
    """Return the user's newest live conversation."""
    return Conversation.objects.filter(owner_id=user_id, ended_at=None).order_by("-started_at", "-id").first()


def conversation_for_subscriber(user_id: int, connection_id: str, *, ended_since: datetime | None) -> Conversation | None:
    """Return the conversation that a subscriber to this connection id gets: the live one, else the last one that ended at or after
    `ended_since` (None: at any time).
    """
    found = live_conversation(user_id, connection_id)
    if found is not None or "\x00" in connection_id:
        return found
    ended = visible_to(user_id, Shown.OWN).filter(connection_id=connection_id)
    if ended_since is not None:
        ended = ended.filter(ended_at__gte=ended_since)
    return ended.order_by("-started_at", "-id").first()


def conversations_started_since(places: Collection[tuple[int, str]], since: datetime) -> list[Conversation]:
    """Return, oldest first, the conversations of pairs of user id and connection id that began since then and are live, or ended since.

    Start times are compared with a tolerance of CLOCKS_DIFFER for the clocks of other hosts. One query for any number of pairs; the
    result may include a combination of a user id and a connection id that is not one of the pairs.
    """
    user_ids, connection_ids = {user_id for user_id, _ in places}, {connection_id for _, connection_id in places}
    found = Conversation.objects.filter(owner_id__in=user_ids, connection_id__in=connection_ids, started_at__gte=since - CLOCKS_DIFFER)
    return list(found.filter(Q(ended_at=None) | Q(ended_at__gte=since)).order_by("started_at", "id"))


def events_after(conversation_id: int, number: int, limit: int = MOST_EVENTS) -> list[StoredEvent]:
    """Return at most `limit` events with numbers above `number`, in order. The caller must have checked the owner."""
    rows = Event.objects.filter(conversation_id=conversation_id, number__gt=number).order_by("number")
    values = rows.values_list("number", "kind", "payload", "created_at")[:limit]  # no model instances: a replay has thousands of rows
    return [StoredEvent(conversation_id, number, parse(kind, payload), at) for number, kind, payload, at in values]


def ends_after(conversation_id: int, number: int) -> bool:
    """Return whether the end of the conversation is among the events after `number`."""
    return Event.objects.filter(conversation_id=conversation_id, number__gt=number, kind=Kind.CONVERSATION_COMPLETED).exists()


def last_events(conversation_ids: Iterable[int]) -> dict[int, int]:
    """Return the number of the last event by conversation id; conversations that no longer exist are left out."""
    ids = list(conversation_ids)
    if len(ids) == 1:  # what each new subscription asks for
        return {identity: number for identity, number in _LAST_EVENT.rows(*ids)}
    return dict(Conversation.objects.filter(id__in=ids).values_list("id", "last_event"))


_LAST_EVENT = CompiledQuery(lambda conversation: Conversation.objects.filter(id=conversation).order_by().values_list("id", "last_event"))


def recognised_until(conversation: Conversation, speaker: str) -> datetime | None:
    """Return the end time of the last stored message of the member with this user id, or of somebody in this member's audio, if any."""
    own = _of_user(speaker, "speaker__member__") | _of_user(speaker, "speaker__diarization__member__")
    said = Message.objects.filter(own, conversation=conversation)
    until: datetime | None = said.aggregate(until=Max("ended_at"))["until"]
    return until


def last_seen(conversation: Conversation, speaker: str) -> datetime | None:
    """Return the last heartbeat of a process with a session of the member with this user id, None if no session is left."""
    sessions = LiveSession.objects.filter(_of_user(speaker, "member__"), conversation=conversation)
    seen: datetime | None = sessions.aggregate(seen=Max("process__seen_at"))["seen"]
    return seen


def _of_user(speaker: str, path: str) -> Q:
    """Return the condition for the member with this user id, or the one that this member was merged into."""
    user_id = clean_name(speaker, LONGEST_NAME)
    return Q(**{f"{path}user_id": user_id}) | Q(**{f"{path}merged__user_id": user_id})
