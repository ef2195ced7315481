"""The only reader of conversations, scoped to a user: what somebody else owns does not exist here.

Functions that take a conversation trust that it came from `conversation_for` or `live_conversation`.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import Prefetch, Q, QuerySet

from insights.models import Conversation, Entity, Event, Insight, Member, Message, Topic, TopicReference, TrackerMatch
from insights.payloads import Kind, StoredEvent

MOST_EVENTS = 500
CLOCKS_DIFFER = timedelta(minutes=1)


def conversation_for(user_id: int, conversation_id: int | str) -> Conversation | None:
    """Return a conversation that the user may see; None for anybody else's, an unknown or a nonsensical id."""
    digits = str(conversation_id)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 16):
        return None
    return conversations_of(user_id).filter(id=int(digits)).first()


def live_conversation(owner_id: int, connection_id: str) -> Conversation | None:
    """Return the owner's conversation that goes on under this connection id."""
    if "\x00" in connection_id:
        return None
    return Conversation.objects.filter(owner_id=owner_id, connection_id=connection_id, ended_at=None).first()


def open_conversation_of(user_id: int) -> Conversation | None:
    """Return the newest conversation of a user that goes on."""
    return Conversation.objects.filter(owner_id=user_id, ended_at=None).order_by("-started_at", "-id").first()


def conversations_of(
    user_id: int, *, search: str = "", start: datetime | None = None, end: datetime | None = None
) -> QuerySet[Conversation]:
    """Return what the user may see, newest first, with the members; all that began in [start, end] and holds `search`
    in its name, its members' names or its messages.
    """
    found = Conversation.objects.filter(owner_id=user_id).prefetch_related("members")
    if start is not None:
        found = found.filter(started_at__gte=start)
    if end is not None:
        found = found.filter(started_at__lte=end)
    if search:
        wanted = search.replace("\x00", "")
        speaks = Member.objects.filter(name__icontains=wanted).values("conversation_id")
        says = Message.objects.filter(text__icontains=wanted).values("conversation_id")
        found = found.filter(Q(name__icontains=wanted) | Q(id__in=speaks) | Q(id__in=says))
    return found


def events_after(conversation_id: int, number: int, limit: int = MOST_EVENTS) -> list[StoredEvent]:
    """Return up to `limit` events with numbers above `number`, in order. The caller has checked who asks."""
    rows = Event.objects.filter(conversation_id=conversation_id, number__gt=number).order_by("number")[:limit]
    return [StoredEvent.of(row) for row in rows]


def ends_after(conversation_id: int, number: int) -> bool:
    """Tell whether the end of the conversation is among the events above `number`."""
    return Event.objects.filter(conversation_id=conversation_id, number__gt=number, kind=Kind.CONVERSATION_COMPLETED).exists()


def members_of(conversation: Conversation) -> QuerySet[Member]:
    """Return who spoke or joined, in the order of joining."""
    return Member.objects.filter(conversation=conversation).order_by("joined_at", "id")


def messages_of(conversation: Conversation) -> QuerySet[Message]:
    """Return the messages in order, with their members, entities and correctors."""
    found = Message.objects.filter(conversation=conversation).select_related("member", "corrected_by")
    return found.prefetch_related("entities").order_by("number")


def insights_of(conversation: Conversation, *types: str) -> QuerySet[Insight]:
    """Return the insights of these types (all by default) in the order of their messages, with everybody concerned."""
    found = Insight.objects.filter(conversation=conversation).select_related("message__member", "assignee", "reviewed_by")
    return (found.filter(type__in=types) if types else found).order_by("message__number", "type", "id")


def topics_of(conversation: Conversation) -> QuerySet[Topic]:
    """Return the topics, strongest first, with their references."""
    references = Prefetch("references", TopicReference.objects.order_by("id"))
    return Topic.objects.filter(conversation=conversation).prefetch_related(references).order_by("-score", "text")


def tracker_matches_of(conversation: Conversation) -> QuerySet[TrackerMatch]:
    """Return the hits of trackers in the order of their messages."""
    return (
        TrackerMatch.objects.filter(conversation=conversation)
        .select_related("message", "insight")
        .order_by("message__number", "offset", "id")
    )


def entities_of(conversation: Conversation) -> QuerySet[Entity]:
    """Return the entities in the order in which they were said, with their messages."""
    return Entity.objects.filter(message__conversation=conversation).select_related("message").order_by("message__number", "offset", "id")


def last_events(conversation_ids: Iterable[int]) -> dict[int, int]:
    """Return the number of the last event of each conversation; those that no longer exist are left out."""
    return dict(Conversation.objects.filter(id__in=list(conversation_ids)).values_list("id", "last_event"))


def listening_place(user_id: int, connection_id: str, *, ended_since: datetime | None) -> Conversation | None:
    """Return what a listener under this connection id hears: what goes on, else the last that ended since then (None: any)."""
    found = live_conversation(user_id, connection_id)
    if found is not None or "\x00" in connection_id:
        return found
    ended = conversations_of(user_id).filter(connection_id=connection_id)
    if ended_since is not None:
        ended = ended.filter(ended_at__gte=ended_since)
    return ended.order_by("-started_at", "-id").first()


def begun_since(places: Collection[tuple[int, str]], since: datetime) -> list[Conversation]:
    """Return, oldest first, what began lately under pairs of user id and connection id and goes on, or ended since then.

    "Lately" is `since`, less what the clocks of two hosts may differ by. One query for any number of places; what is found may
    belong to a combination of a user and a connection id that was not asked for.
    """
    user_ids, connection_ids = {user_id for user_id, _ in places}, {connection_id for _, connection_id in places}
    found = Conversation.objects.filter(owner_id__in=user_ids, connection_id__in=connection_ids, started_at__gte=since - CLOCKS_DIFFER)
    return list(found.filter(Q(ended_at=None) | Q(ended_at__gte=since)).order_by("started_at", "id"))
