"""The review queue: which insight a reviewer has open, first and second opinions, and taking an opinion back.

A first opinion is a verdict on the insight (`edit_insight`): an event that live pages and subscribers get. A second opinion is only
stored; it changes nothing until somebody settles two different opinions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from insights.database import write_transaction
from insights.models import Insight, InsightReview, ReviewLease
from insights.payloads import StoredEvent
from insights.recorder.edits.changes import Edited
from insights.recorder.edits.insight_edits import InsightEdit, edit_insight
from insights.recorder.edits.undo import undo
from insights.recorder.event_log import locked
from insights.recorder.types import ChangeConflict, RecorderError, UnknownConversation, UnknownMessage

_VERDICTS = (Insight.Review.ACCEPTED, Insight.Review.REJECTED)


class AlreadyReviewed(RecorderError):
    """Somebody else gave the verdict meanwhile."""


class Opinion(StrEnum):
    """What a decision in the queue is."""

    FIRST = "first"
    SECOND = "second"
    SETTLED = "settled"
    CHANGED = "changed"
    """Another verdict on an insight that had one already, such as one that its owner gave."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The result of a decision: what it is, the number of its change (None: it changed no row of the conversation), and the events."""

    opinion: Opinion
    change_id: int | None
    events: Sequence[StoredEvent] = ()


def lease_insight(insight_id: UUID, user_id: int, until: datetime) -> bool:
    """Keep an insight for a reviewer, in place of the one that they had; return False if another reviewer has it, or it does not exist."""
    now = timezone.now()
    with write_transaction():
        if not Insight.objects.filter(id=insight_id).exists():
            return False
        ReviewLease.objects.filter(Q(user_id=user_id) | Q(insight_id=insight_id, until__lt=now)).delete()
        lease = ReviewLease(user_id=user_id, insight_id=insight_id, until=until)
        ReviewLease.objects.bulk_create([lease], ignore_conflicts=True)  # another process may do the same at the same moment
        return ReviewLease.objects.filter(user_id=user_id, insight_id=insight_id).exists()


def decide(insight_id: UUID, user_id: int, verdict: str, text: str | None = None, *, blind: bool = True) -> Decided:
    """Store a reviewer's verdict, and a new text if one is given. `blind`: they saw no verdict of anybody else.

    A text is ignored in a second opinion. Raises UnknownMessage, AlreadyReviewed, and RecorderError for another verdict or an empty text.
    """
    if verdict not in _VERDICTS:
        raise RecorderError(f"verdict: {verdict!r} is not one of {', '.join(_VERDICTS)}")
    with write_transaction():
        insight, review = _locked(insight_id)
        opinion = _opinion(insight, review, user_id, blind=blind)
        ReviewLease.objects.filter(user_id=user_id, insight_id=insight_id).delete()
        if review is not None and opinion is Opinion.SECOND:
            review.second, review.second_by_id, review.second_at = verdict, user_id, timezone.now()
            review.save()
            return Decided(opinion, None)
        edited = edit_insight(insight_id, user_id, InsightEdit(verdict=verdict, text=text))
        if opinion is Opinion.FIRST:
            _store_first(insight, review, verdict, user_id)
        elif opinion is Opinion.SETTLED and review is not None:
            review.settled, review.settled_by_id, review.settled_at = verdict, user_id, timezone.now()
            review.save()
        return Decided(opinion, edited.change_id, edited.events)


def take_back(insight_id: UUID, user_id: int, opinion: Opinion, change_id: int | None) -> Edited:
    """Take back a decision that `decide` stored for this user.

    Raises UnknownMessage, UnknownChange, NotTheAuthor, and ChangeConflict if another reviewer decided since or the insight was changed.
    """
    with write_transaction():
        _, review = _locked(insight_id)
        match opinion:
            case Opinion.FIRST:
                if review is not None and review.second:
                    raise ChangeConflict("Another reviewer gave a second opinion since.")
            case Opinion.SECOND:
                if review is None or review.second_by_id != user_id or review.settled:
                    raise ChangeConflict("Another reviewer decided since.")
                review.second, review.second_by_id, review.second_at = "", None, None
                review.save()
            case Opinion.SETTLED:
                if review is None or review.settled_by_id != user_id:
                    raise ChangeConflict("Another reviewer decided since.")
                review.settled, review.settled_by_id, review.settled_at = "", None, None
                review.save()
            case Opinion.CHANGED:
                pass
            case unknown:
                assert_never(unknown)
        edited = undo(change_id, user_id) if change_id is not None else Edited()
        if opinion is Opinion.FIRST and review is not None and review.first_by_id == user_id:
            _restore_first(review)
        return edited


def _locked(insight_id: UUID) -> tuple[Insight, InsightReview | None]:
    """Return an insight and its review, with the conversation locked, so that two decisions on it are made one after the other."""
    found = Insight.objects.filter(id=insight_id).values_list("conversation_id", flat=True).first()
    try:
        conversation = None if found is None else locked(found)
    except UnknownConversation:
        conversation = None
    insight = Insight.objects.filter(id=insight_id).first()
    if insight is None or conversation is None:
        raise UnknownMessage(f"insight {insight_id} does not exist")
    return insight, InsightReview.objects.filter(insight_id=insight_id).first()


def _opinion(insight: Insight, review: InsightReview | None, user_id: int, *, blind: bool) -> Opinion:
    if insight.review == Insight.Review.PENDING:
        return Opinion.FIRST
    if review is not None and not review.second and review.first_by_id == user_id:
        return Opinion.FIRST  # they changed their mind
    if blind:
        if review is None or review.second:
            raise AlreadyReviewed("Somebody else reviewed this insight meanwhile.")
        return Opinion.SECOND
    if review is not None and review.second and review.second != review.first and not review.settled:
        return Opinion.SETTLED
    return Opinion.CHANGED


def _store_first(insight: Insight, review: InsightReview | None, verdict: str, user_id: int) -> None:
    if review is not None and review.first_by_id == user_id and not review.second:
        review.first, review.first_at = verdict, timezone.now()
        review.save(update_fields=["first", "first_at"])
        return
    values = {"first": verdict, "first_by_id": user_id, "first_at": timezone.now(), "confidence": insight.confidence, "kind": insight.type}
    InsightReview(insight=insight, second_wanted=_wants_second(insight.id), **values).save()  # in place of one before a reset


def _restore_first(review: InsightReview) -> None:
    verdict = Insight.objects.values_list("review", flat=True).get(pk=review.insight_id)
    if verdict == Insight.Review.PENDING:
        review.delete()
    else:
        review.first = verdict
        review.save(update_fields=["first"])


def _wants_second(insight_id: UUID) -> bool:
    """Return whether a second opinion is asked for: for the configured share of insights, evenly by their random ids."""
    return insight_id.int % 10_000 < settings.REVIEW_SECOND_OPINIONS * 100
