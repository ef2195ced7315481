"""The contents of a conversation. Callers get the conversation from `conversation_for` or `live_conversation`, which check the owner."""

from uuid import UUID

from django.db.models import Min, Prefetch, QuerySet

from insights.insight_kinds import KindName
from insights.models import Conversation, Entity, Insight, Member, Message, Topic, TopicReference, TrackerMatch

INSIGHT_ORDER = ("message__number", "type", "id")


def members_of(conversation: Conversation) -> QuerySet[Member]:
    """Return the members in the order of joining, without those that were merged with another."""
    return Member.objects.filter(conversation=conversation, merged_into=None).order_by("joined_at", "id")


def messages_of(conversation: Conversation) -> QuerySet[Message]:
    """Return the messages in order, with their members, entities and the users who corrected them."""
    found = Message.objects.filter(conversation=conversation).select_related("speaker__member", "corrected_by")
    return found.prefetch_related("entities").order_by("number")


def transcript_of(conversation: Conversation, after: int, last: int, *, words: bool = False) -> QuerySet[Message]:
    """Return the messages with numbers above `after`, up to `last`, in order, with only what a transcript shows.

    `words`: also the recognised words with their times.
    """
    found = Message.objects.filter(conversation=conversation, number__gt=after, number__lte=last).order_by("number")
    return found.select_related("speaker").only(
        "conversation_id",
        "number",
        "speaker__member_id",
        "speaker__number",
        "text",
        "started_at",
        "ended_at",
        "offset_s",
        "corrected_at",
        "overlap",
        "translation",
        *(["words"] if words else []),
    )


def insights_of(conversation: Conversation, *types: KindName) -> QuerySet[Insight]:
    """Return the insights of these kinds (default: all) in the order of their messages, with speaker, assignee and reviewer."""
    # Filtered by the message's conversation, so that batches use the index on message numbers instead of sorting all insights.
    found = Insight.objects.filter(message__conversation=conversation).select_related("message__speaker__member", "assignee", "reviewed_by")
    found = found.defer("message__words", "message__phrases")
    return (found.filter(type__in=types) if types else found).order_by(*INSIGHT_ORDER)


def message_of(conversation: Conversation, message_id: str) -> Message | None:
    """Return one message of the conversation; None for an unknown or malformed id."""
    identity = _uuid(message_id)
    return Message.objects.filter(conversation=conversation, id=identity).first() if identity else None


def insight_of(conversation: Conversation, insight_id: str) -> Insight | None:
    """Return one insight of the conversation with its speaker and assignee; None for an unknown or malformed id."""
    identity = _uuid(insight_id)
    return insights_of(conversation).filter(id=identity).first() if identity else None


def member_of(conversation: Conversation, member_id: str) -> Member | None:
    """Return one member of the conversation who was not merged with another; None for an unknown or malformed id."""
    identity = _uuid(member_id)
    return members_of(conversation).filter(id=identity).first() if identity else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def topics_of(conversation: Conversation) -> QuerySet[Topic]:
    """Return the topics, strongest first, with their references."""
    references = Prefetch("references", TopicReference.objects.order_by("id"))
    return Topic.objects.filter(conversation=conversation).prefetch_related(references).order_by("-score", "text")


def leading_topics(conversation: Conversation, most: int) -> list[tuple[str, Message | None]]:
    """Return the `most` strongest topics, each with its first message (id, number and offset only); None if that was deleted."""
    topics = Topic.objects.filter(conversation=conversation).order_by("-score", "text")
    leading = list(topics.values_list("id", "text")[:most])  # evaluated here, so that only their references are read
    references = TopicReference.objects.filter(topic_id__in=[identity for identity, _ in leading]).order_by()
    firsts = dict(references.values_list("topic_id").annotate(first=Min("message__number")))
    named = [(text, firsts.get(identity)) for identity, text in leading]
    numbers = {first for _, first in named if first is not None}
    rows = Message.objects.filter(conversation=conversation, number__in=numbers).only("number", "offset_s")
    by_number = {row.number: row for row in rows}
    return [(text, by_number.get(first) if first is not None else None) for text, first in named]


def topic_texts(conversation: Conversation, most: int) -> list[str]:
    """Return the texts of the `most` strongest topics."""
    return list(Topic.objects.filter(conversation=conversation).order_by("-score", "text").values_list("text", flat=True)[:most])


def tracker_matches_of(conversation: Conversation) -> QuerySet[TrackerMatch]:
    """Return the tracker matches in the order of their messages."""
    found = TrackerMatch.objects.filter(message__conversation=conversation).select_related("message", "insight")
    return found.defer("message__words", "message__phrases").order_by("message__number", "offset", "id")


def entities_of(conversation: Conversation) -> QuerySet[Entity]:
    """Return the entities in the order of speech, with their messages."""
    found = Entity.objects.filter(message__conversation=conversation).select_related("message")
    return found.defer("message__words", "message__phrases").order_by("message__number", "offset", "id")


def entity_places(ids: list[int]) -> "QuerySet[Entity, tuple[int, UUID, str, int]]":
    """Return (id, message id, the message's text, offset) of these entities."""
    return Entity.objects.filter(id__in=ids).values_list("id", "message_id", "message__text", "offset")
