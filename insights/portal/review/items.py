"""One insight as the review queue shows it: what was found, the sentences around it, and where it is."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.urls import reverse

from insights import access, queries
from insights.exports import local, shown_assignee, shown_name, shown_speaker
from insights.insight_kinds import InsightKind, kind_of
from insights.models import Insight, InsightReview, Message
from insights.portal.parts import message_address
from insights.portal.wording import clock
from insights.queries import ReviewState

ADMIN_PAGE = 50
"""Messages on one page of a conversation in the admin."""


@dataclass(frozen=True, slots=True)
class ReviewedSentence:
    """One sentence with its speaker and place. `evidence`: the sentence in which the insight was found."""

    speaker: str
    place: str
    text: str
    evidence: bool


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One insight to review.

    `blind`: no verdict of anybody else is shown; `second`: nobody's text either, as it is a second opinion. `opinions`: both verdicts, if
    they differ. `href`: the place in the conversation, empty for a second opinion, because that page shows the first one.
    """

    id: UUID
    kind: InsightKind
    text: str
    percent: int
    assignee: str
    due: datetime | None
    edited: bool
    review: str
    opinions: tuple[str, str] | None
    lines: tuple[ReviewedSentence, ...]
    title: str
    owner: str
    conversation_id: int
    started_at: datetime
    local_start: datetime
    audio: str
    href: str
    blind: bool
    second: bool


def item_of(insight: Insight, user: User, state: ReviewState, *, second: bool) -> ReviewItem:
    """Return an insight of `queries.insight_to_review` for a list in this state. Two queries, two more for conversations of others."""
    conversation, message = insight.conversation, insight.message
    review: InsightReview | None = getattr(insight, "queue_review", None)
    waits = second or insight.review == Insight.Review.PENDING
    differs = state is ReviewState.DISAGREED and review is not None and bool(review.second)
    return ReviewItem(
        id=insight.pk,
        kind=kind_of(insight.type),
        text=(insight.original_text or insight.text) if second else insight.text,
        percent=round(insight.confidence * 100),
        assignee="" if second else shown_assignee(insight),
        due=local(insight.due_at, conversation.timezone_offset) if insight.due_at and not second else None,
        edited=bool(insight.original_text) and not second,
        review="" if waits else insight.review,
        opinions=(review.first, review.second) if differs and review is not None else None,
        lines=tuple(_line(one, message) for one in queries.sentences_around(message)),
        title=shown_name(conversation, []),
        owner=conversation.owner.get_full_name() or conversation.owner.get_username(),
        conversation_id=conversation.pk,
        started_at=conversation.started_at,
        local_start=local(conversation.started_at, conversation.timezone_offset),
        audio=f"/v1/review/{insight.pk}/audio" if queries.audio_of(conversation).exists() else "",
        href="" if second else _href(insight, user),
        blind=waits,
        second=second,
    )


def _line(message: Message, evidence: Message) -> ReviewedSentence:
    return ReviewedSentence(shown_speaker(message), clock(message.offset_s), message.text, message.pk == evidence.pk)


def _href(insight: Insight, user: User) -> str:
    """Return the link to the sentence: on the page of the conversation for those who may see it, else in the admin."""
    message = insight.message
    if access.may_see(user, insight.conversation):
        return message_address(message)
    page, row = divmod(queries.sentences_before(message), ADMIN_PAGE)
    address = reverse("admin:insights_conversation_change", args=[insight.conversation_id])
    return f"{address}?messages={page + 1}#messages-{row}"
