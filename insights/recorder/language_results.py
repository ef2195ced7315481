"""What a language model wrote about a conversation. An event that changes older messages or names removes it (`EventLog.store`)."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from django.utils import timezone

from insights.abstractive import Statement
from insights.call_score import Score
from insights.database import write_transaction
from insights.models import Event, LanguageResult
from insights.recorder.event_log import REWRITING, clean, locked
from insights.snapshots import JsonValue


def store_language_result(
    conversation_id: int, kind: str, result: Sequence[Statement] | Score, *, messages: int, event: int, confirm: Callable[[], None]
) -> bool:
    """Store the result about the messages up to the number `messages`, in place of earlier ones of this kind.

    Nothing is stored, and False returned, if messages were edited after the event number `event`. `confirm` is called first in the
    transaction and may raise. Raises UnknownConversation.
    """
    with write_transaction():
        confirm()
        conversation = locked(conversation_id)
        if Event.objects.filter(conversation=conversation, number__gt=event, kind__in=REWRITING).exists():
            return False
        LanguageResult.objects.update_or_create(
            conversation=conversation,
            kind=kind,
            defaults={"value": _value(result), "messages": messages, "created_at": timezone.now()},
        )
    return True


def _value(result: Sequence[Statement] | Score) -> JsonValue:
    """Return the JSON form, with clean texts."""
    if not isinstance(result, Score):
        return [{"text": clean(one.text), "messageIds": list(one.message_ids)} for one in result]
    criteria = tuple(
        replace(one, summary=clean(one.summary), positive=clean(one.positive), negative=clean(one.negative)) for one in result.criteria
    )
    return replace(result, summary=clean(result.summary), criteria=criteria).dump()
