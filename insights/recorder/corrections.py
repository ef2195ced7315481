"""Corrections by people: the text of messages and the review of insights. Each keeps the original and adds an event."""

from uuid import UUID

from django.utils import timezone

from insights import analysis
from insights.analysis.text.languages import knows
from insights.analysis.types import MessageAnalysis, Said
from insights.database import write_transaction
from insights.events import InsightReviewed, MessageCorrected
from insights.models import Conversation, Entity, Insight, Member, Message
from insights.payloads import StoredEvent, message_snapshot, reviewed_insight_snapshot
from insights.recorder.analyse import entities, person
from insights.recorder.event_log import EventLog, clean, locked
from insights.recorder.signals import announce
from insights.recorder.types import RecorderError, UnknownMessage


def correct_message(message_id: UUID, text: str, user_id: int) -> list[StoredEvent]:
    """Replace a message's text and analyse its entities again; `original_text` keeps the recognised text.

    Insights of the message do not change; they have their own review. The same text again changes nothing and returns no event.
    Raises UnknownMessage, and RecorderError for empty text.
    """
    wording = clean(text).strip()
    if not wording:
        raise RecorderError("text: at least one character is needed")
    with write_transaction():
        message = _message(message_id)
        conversation = locked(message.conversation_id)
        message.refresh_from_db()
        if message.text == wording:
            return []
        now = timezone.now()
        message.original_text = message.original_text or message.text
        message.text, message.corrected_by_id, message.corrected_at = wording, user_id, now
        found = _analyse_again(message, conversation)
        message.save()
        log = EventLog(conversation, now)
        log.add(MessageCorrected(message_snapshot(message, found)))
        return announce(log.store())


def review_insight(insight_id: UUID, verdict: str, user_id: int, text: str | None = None) -> list[StoredEvent]:
    """Store a person's verdict on an insight (accepted, rejected, or pending again), and a new text if one is given.

    An unchanged verdict and text change nothing and return no event. Raises UnknownMessage, and RecorderError for another verdict or
    empty text.
    """
    if verdict not in Insight.Review.values:
        raise RecorderError(f"verdict: {verdict!r} is not one of {', '.join(Insight.Review.values)}")
    wording = None if text is None else clean(text).strip()
    if wording == "":
        raise RecorderError("text: at least one character is needed")
    with write_transaction():
        insight = _insight(insight_id)
        conversation = locked(insight.conversation_id)
        insight.refresh_from_db()
        if insight.review == verdict and wording in (None, insight.text):
            return []
        now = timezone.now()
        if wording is not None and wording != insight.text:
            insight.original_text = insight.original_text or insight.text
            insight.text = wording
        insight.review = verdict
        reviewed = verdict != Insight.Review.PENDING
        insight.reviewed_by_id, insight.reviewed_at = (user_id, now) if reviewed else (None, None)
        insight.save()
        log = EventLog(conversation, now)
        log.add(InsightReviewed(reviewed_insight_snapshot(insight)))
        return announce(log.store())


def _message(message_id: UUID) -> Message:
    message = Message.objects.select_related("speaker__member").filter(id=message_id).first()
    if message is None:
        raise UnknownMessage(f"message {message_id} does not exist")
    return message


def _insight(insight_id: UUID) -> Insight:
    insight = Insight.objects.select_related("message__speaker__member", "assignee").filter(id=insight_id).first()
    if insight is None:
        raise UnknownMessage(f"insight {insight_id} does not exist")
    return insight


def _analyse_again(message: Message, conversation: Conversation) -> list[Entity]:
    """Replace the message's entities, sentiment and phrases by those of its new text."""
    members = [person(member) for member in Member.objects.filter(conversation=conversation)]
    said = Said(message.text, str(message.member_id or ""), message.started_at, index=message.number - 1)
    found = analysis.analyse(said, (), members, conversation.timezone_offset) if knows(conversation.language) else MessageAnalysis()
    message.sentiment, message.phrases = min(1.0, max(-1.0, found.sentiment)), list(found.phrases)
    Entity.objects.filter(message=message).delete()
    return Entity.objects.bulk_create(entities(message, found.entities))
