"""The review queue: one insight after the other, lowest confidence first; each decision goes through the recorder."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from insights import access, exports, queries, recorder
from insights.exports import reviewed_insights
from insights.kind_words import choices
from insights.models import Insight, Reading
from insights.portal.listing import PERIODS
from insights.portal.review.filters import LEVELS, STATES, QueueFilter
from insights.portal.review.items import ReviewItem, item_of
from insights.portal.review.last_decisions import forget_last, last_decision, remember
from insights.portal.reviewers import for_reviewers
from insights.portal.signed_in import user_of
from insights.portal.template_context import TemplateContext
from insights.queries import QueueCandidate, QueuePlace, ReviewState

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""How long an open insight is shown to no other reviewer."""
TRIES = 5
"""Insights that are tried if other reviewers open the same ones at the same moment."""
MOST_COUNTED = 1000


@require_GET
@for_reviewers
def queue(request: HttpRequest) -> HttpResponse:
    """Show an insight: the first one, the next `?after=` or the last `?before=` another one; htmx gets only the insight."""
    wanted = QueueFilter.of(request.GET)
    after, before = (_place(request.GET.get(name, "")) for name in ("after", "before"))
    return _answer(request, wanted, _shown(request, wanted, after=after, before=before))


@require_POST
@for_reviewers
def decide(request: HttpRequest, insight_id: UUID) -> HttpResponse:
    """Store the verdict `verdict` (accepted or rejected), with a new text `text` if there is one; show the next insight."""
    wanted, verdict = QueueFilter.of(request.GET), request.POST.get("verdict", "")
    after = queries.place_of(insight_id)
    problem = ""
    try:
        blind = request.POST.get("blind") == "yes"
        decided = recorder.decide(insight_id, user_of(request).pk, verdict, request.POST.get("text"), blind=blind)
        remember(request, insight_id, verdict, decided)
    except recorder.UnknownMessage:
        problem = _("This insight was deleted meanwhile.")
    except recorder.AlreadyReviewed:
        problem = _("Somebody else reviewed this insight meanwhile.")
    except recorder.RecorderError:
        return _answer(request, wanted, _opened(request, wanted, insight_id), problem=_("Write what the insight says."), status=400)
    if request.headers.get("HX-Request") != "true" and not problem:
        return redirect(f"{reverse('review')}?{wanted.address}after={insight_id}")
    shown = _shown(request, wanted, after=after) or _shown(request, wanted)
    return _answer(request, wanted, shown, problem=problem)


@require_POST
@for_reviewers
def undo(request: HttpRequest) -> HttpResponse:
    """Take back the last decision, and show its insight again."""
    wanted, last, problem = QueueFilter.of(request.GET), last_decision(request), ""
    if last is None:
        return _answer(request, wanted, _shown(request, wanted), problem=_("There is nothing to undo."))
    try:
        recorder.take_back(last.insight_id, user_of(request).pk, last.opinion, last.change_id)
    except recorder.ChangeConflict:
        problem = _("This decision cannot be undone: somebody changed the insight since.")
    except (recorder.UnknownMessage, recorder.UnknownChange):
        problem = _("This insight was deleted meanwhile.")
    forget_last(request)
    return _answer(
        request, wanted, _opened(request, wanted, last.insight_id) or _shown(request, wanted), problem=problem, undone=not problem
    )


@require_GET
@for_reviewers
def training_data(request: HttpRequest) -> HttpResponseBase:
    """Return the reviewed insights that fit the filters, but that of the state, as a file; store that their conversations were read."""
    user = user_of(request)
    wanted = QueueFilter.of(request.GET).wanted(timezone.now())
    logger.info("training data: exported by user %d", user.pk)
    pieces = reviewed_insights.compressed(_read(queries.reviewed_in_batches(wanted), user.pk))
    return exports.answer(request, pieces, "application/gzip", "reviewed.jsonl.gz", partial(access.is_reviewer, user.pk))


def _read(batches: Iterator[list[Insight]], reader_id: int) -> Iterator[list[Insight]]:
    """Yield the insights of an export, and store that their conversations were read."""
    for batch in batches:
        access.note_readings({one.conversation_id: one.conversation for one in batch}.values(), reader_id, Reading.Place.EXPORT)
        yield batch


def _place(text: str) -> QueuePlace | None:
    try:
        return queries.place_of(UUID(text)) if text else None
    except ValueError:
        return None


def _shown(
    request: HttpRequest, wanted: QueueFilter, *, after: QueuePlace | None = None, before: QueuePlace | None = None
) -> ReviewItem | None:
    """Return the first insight that fits and that no other reviewer has open; None if there is none."""
    now, user = timezone.now(), user_of(request)
    for found in queries.queue_candidates(user.pk, wanted.wanted(now), now, TRIES, after=after, before=before):
        if wanted.state is ReviewState.WAITING and not recorder.lease_insight(found.place.insight_id, user.pk, now + LEASE):
            continue
        if (item := _item(request, wanted, found)) is not None:
            return item
    return None


def _opened(request: HttpRequest, wanted: QueueFilter, insight_id: UUID) -> ReviewItem | None:
    """Return one insight, whatever the filters are; None if it does not exist, or another reviewer has it open."""
    now, user = timezone.now(), user_of(request)
    if not recorder.lease_insight(insight_id, user.pk, now + LEASE):
        return None
    place = queries.place_of(insight_id)
    return None if place is None else _item(request, wanted, QueueCandidate(place, queries.is_second_opinion(insight_id, user.pk)))


def _item(request: HttpRequest, wanted: QueueFilter, found: QueueCandidate) -> ReviewItem | None:
    user = user_of(request)
    insight = queries.insight_to_review(found.place.insight_id)
    if insight is None:
        return None
    access.note_readings([insight.conversation], user.pk, Reading.Place.QUEUE)
    return item_of(insight, user, wanted.state, second=found.second)


def _answer(
    request: HttpRequest, wanted: QueueFilter, item: ReviewItem | None, *, problem: str = "", undone: bool = False, status: int = 200
) -> HttpResponse:
    context: TemplateContext = {
        "wanted": wanted,
        "item": item,
        "last": last_decision(request),
        "undone": undone,
        "problem": problem,
        "waiting": queries.waiting_for(user_of(request).pk, MOST_COUNTED),
        "most": MOST_COUNTED,
        "moved": "after" in request.GET or "before" in request.GET,
    }
    if request.headers.get("HX-Request") == "true":
        return render(request, "portal/review/_answer.html", context, status=200 if problem else status)  # htmx shows only good answers
    lists = {"kinds": choices(), "states": STATES, "levels": LEVELS, "periods": PERIODS, "accounts": queries.owners()}
    return render(request, "portal/review/queue.html", context | lists, status=status)
