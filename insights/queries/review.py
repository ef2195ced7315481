"""The review queue: insights of all conversations, for reviewers. Callers check the role (`access.REVIEWER`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar, assert_never
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet

from insights.models import Conversation, Insight, InsightReview, Message, ReviewLease

Row = TypeVar("Row", bound=Model)

MOST_OWNERS = 500
"""Accounts that a filter lists."""
BATCH = 50
"""Conversations whose insights are read at once."""
AROUND = 2
"""Sentences before and after that of an insight."""
ADDED_BY_PERSON = [{"key": "source", "value": "person"}]
"""The hints of an insight that a person added: nothing was detected, so there is nothing to review."""


class ReviewState(StrEnum):
    """Which insights a list has. DISAGREED: two reviewers gave different verdicts, and nobody settled it."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DISAGREED = "disagreed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFilter:
    """Which insights are wanted. `least`, `below`: bounds of the confidence; `since`: found at or after this time."""

    state: ReviewState = ReviewState.WAITING
    kind: str = ""
    owner_id: int | None = None
    conversation_id: int | None = None
    since: datetime | None = None
    least: float | None = None
    below: float | None = None


class QueuePlace(NamedTuple):
    """The place of an insight in the queue, whose order this is."""

    confidence: float
    insight_id: UUID


class QueueCandidate(NamedTuple):
    """An insight that can be shown next. `second`: a second opinion on it is wanted."""

    place: QueuePlace
    second: bool


def queue_candidates(
    reviewer_id: int,
    wanted: ReviewFilter,
    now: datetime,
    most: int,
    *,
    after: QueuePlace | None = None,
    before: QueuePlace | None = None,
) -> list[QueueCandidate]:
    """Return the first insights for a reviewer, lowest confidence first, after a place; or those before one, the nearest first.

    At most two queries. Insights that other reviewers have open are left out.
    """
    first = _filtered(_in_state(reviewer_id, wanted.state), wanted)
    waits = wanted.state is ReviewState.WAITING
    found = _first(_not_leased(first, "pk", reviewer_id, now) if waits else first, ("confidence", "id"), most, after, before)
    places = [QueueCandidate(place, False) for place in found]
    if waits:
        asked = _not_leased(_filtered(_second_wanted(reviewer_id), wanted), "insight_id", reviewer_id, now)
        places += [QueueCandidate(place, True) for place in _first(asked, ("confidence", "insight_id"), most, after, before)]
    return sorted(places, reverse=before is not None)[:most]


def place_of(insight_id: UUID) -> QueuePlace | None:
    """Return the place of an insight, None for one that does not exist."""
    row = Insight.objects.filter(pk=insight_id).values_list("confidence", flat=True).first()
    return None if row is None else QueuePlace(row, insight_id)


def insight_to_review(insight_id: UUID) -> Insight | None:
    """Return an insight of any reviewed conversation with all that the queue shows; None for another id."""
    rows = Insight.objects.select_related("conversation__owner", "message__speaker__member", "assignee", "queue_review", "reviewed_by")
    reviewed = rows.filter(conversation__deleted_at=None, conversation__sample=False)
    return reviewed.defer("message__words", "message__phrases").filter(pk=insight_id).first()


def sentences_around(message: Message) -> list[Message]:
    """Return the message with two sentences before and two after it, in order, with their speakers. One query."""
    near = Message.objects.filter(
        conversation_id=message.conversation_id, number__gte=message.number - AROUND, number__lte=message.number + AROUND
    )
    return list(near.select_related("speaker__member").defer("words", "phrases").order_by("number"))


def sentences_before(message: Message) -> int:
    """Return how many sentences of its conversation come before a message. One query."""
    return Message.objects.filter(conversation_id=message.conversation_id, number__lt=message.number).count()


def waiting_for(reviewer_id: int, most: int) -> int:
    """Return how many insights wait for this reviewer, second opinions among them; counted up to `most`. Two queries."""
    first = _in_state(reviewer_id, ReviewState.WAITING).order_by()[:most].count()
    second = _second_wanted(reviewer_id).order_by()[: most - first].count() if first < most else 0
    return first + second


def is_second_opinion(insight_id: UUID, reviewer_id: int) -> bool:
    """Return whether a verdict of this reviewer would be the second opinion that is wanted."""
    return _second_wanted(reviewer_id).filter(insight_id=insight_id).exists()


def owners() -> list[User]:
    """Return the accounts that have conversations, by name."""
    return list(
        User.objects.filter(Exists(Conversation.objects.filter(owner=OuterRef("pk")))).order_by("first_name", "username")[:MOST_OWNERS]
    )


def reviewed_in_batches(wanted: ReviewFilter) -> Iterator[list[Insight]]:
    """Yield the insights with a verdict that fit all filters but the state, those of BATCH conversations at once, in order.

    Those with two different opinions that nobody settled are left out.
    """
    rows = _filtered(Insight.objects.exclude(conversation_id__in=unreviewed_conversations()).exclude(review=Insight.Review.PENDING), wanted)
    rows = rows.exclude(Exists(_disagreements().filter(insight=OuterRef("pk"))))
    ids = list(rows.order_by("conversation_id").values_list("conversation_id", flat=True).distinct())
    rows = rows.select_related("message__speaker", "conversation").defer("message__words", "message__phrases", "entities", "tags", "hints")
    for at in range(0, len(ids), BATCH):
        found = rows.filter(conversation_id__in=ids[at : at + BATCH])
        yield list(found.order_by("conversation_id", "message__number", "type", "id"))


def disagreements() -> int:
    """Return how many insights have two different opinions that nobody settled."""
    return _disagreements().filter(insight__conversation__deleted_at=None).count()


def _disagreements() -> QuerySet[InsightReview]:
    return InsightReview.objects.filter(settled="").exclude(second="").exclude(first=F("second"))


def unreviewed_conversations() -> QuerySet[Conversation, Any]:
    """Return the ids of the conversations whose insights are not reviewed: those in the bin, and the samples.

    They are few, so that a list of them is faster than a look at each conversation.
    """
    return Conversation.everything.filter(Q(deleted_at__isnull=False) | Q(sample=True)).order_by().values("pk")


def _in_state(reviewer_id: int, state: ReviewState) -> QuerySet[Insight]:
    found = Insight.objects.exclude(conversation_id__in=unreviewed_conversations())
    match state:
        case ReviewState.WAITING:
            return found.filter(review=Insight.Review.PENDING).exclude(confidence=1.0, hints=ADDED_BY_PERSON)
        case ReviewState.ACCEPTED | ReviewState.REJECTED:  # without those whose verdict this reviewer must not know yet
            reviewed = found.filter(review=state.value).exclude(review=Insight.Review.PENDING)  # as the index says it
            return reviewed.exclude(Exists(_asked(reviewer_id).filter(insight=OuterRef("pk"))))
        case ReviewState.DISAGREED:
            return found.filter(pk__in=_disagreements().values("pk"))
        case unknown:
            assert_never(unknown)


def _asked(reviewer_id: int) -> QuerySet[InsightReview]:
    """Return the reviews for which a second opinion of this reviewer is wanted."""
    return InsightReview.objects.filter(second_wanted=True, second="").exclude(first_by_id=reviewer_id)


def _second_wanted(reviewer_id: int) -> QuerySet[InsightReview]:
    """Return those of them whose insight still has a verdict, in a reviewed conversation."""
    asked = _asked(reviewer_id).exclude(insight__review=Insight.Review.PENDING)
    return asked.exclude(insight__conversation_id__in=unreviewed_conversations())


def _not_leased(rows: QuerySet[Row], insight: str, reviewer_id: int, now: datetime) -> QuerySet[Row]:
    others = ReviewLease.objects.filter(insight=OuterRef(insight), until__gt=now).exclude(user_id=reviewer_id)
    return rows.exclude(Exists(others))


def _filtered(rows: QuerySet[Row], wanted: ReviewFilter) -> QuerySet[Row]:
    """Return the rows of insights, or of their reviews, that fit all filters but the state."""
    prefix, kind = ("", "type") if rows.model is Insight else ("insight__", "kind")
    theirs = Conversation.objects.filter(owner_id=wanted.owner_id).order_by().values("pk")
    conditions = {
        kind: wanted.kind or None,
        f"{prefix}conversation_id__in": None if wanted.owner_id is None else theirs,
        f"{prefix}conversation_id": wanted.conversation_id,
        f"{prefix}found_at__gte": wanted.since,
        "confidence__gte": wanted.least,
        "confidence__lt": wanted.below,
    }
    return rows.filter(**{name: value for name, value in conditions.items() if value is not None})


def _first(rows: QuerySet[Row], key: tuple[str, str], most: int, after: QueuePlace | None, before: QueuePlace | None) -> list[QueuePlace]:
    """Return the first places in the order of confidence and id of the insight, which are the columns `key`."""
    confidence, identity = key
    for place, operator in ((after, "gt"), (before, "lt")):
        if place is not None:
            behind = Q(**{f"{confidence}__{operator}": place.confidence})
            beside = Q(**{confidence: place.confidence, f"{identity}__{operator}": place.insight_id})
            rows = rows.filter(behind | beside, **{f"{confidence}__{operator}e": place.confidence})  # the second lets an index be used
    ordered = rows.order_by(*(f"-{name}" if before is not None else name for name in key))
    return [QueuePlace(*row) for row in ordered.values_list(*key)[:most]]
