"""The public page of a conversation: for whoever has the link, without an account."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from insights import access, queries
from insights.access import LinkState
from insights.insight_kinds import kind_of
from insights.models import Conversation, Insight, ShareLink
from insights.portal import parts
from insights.portal.conversation import MOST_CARDS, wanted_part
from insights.portal.faces import people_of
from insights.portal.listing import local, shown_name
from insights.portal.parts import part_of
from insights.portal.transcript import paragraphs_of
from insights.portal.wording import clock, duration

GONE = {
    LinkState.EXPIRED: "This link has expired. Ask the person who sent it for a new one.",
    LinkState.WITHDRAWN: "This link was withdrawn by the person who sent it.",
}


def private(response: HttpResponse, *, forms: bool = False) -> HttpResponse:
    """Keep a page with a secret in its address out of search engines, and the address out of the requests that its links make.

    `forms`: the page has forms, whose requests need an origin for the check against forgery; other sites get no address either.
    """
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "same-origin" if forms else "no-referrer"
    return response


def gone(request: HttpRequest, state: LinkState) -> HttpResponse:
    """Say that a link has expired or was withdrawn."""
    return private(render(request, "portal/link_gone.html", {"state": state, "text": GONE[state]}, status=410))


@require_GET
@never_cache
def shared(request: HttpRequest, secret: str) -> HttpResponse:
    """Show transcript, insights and summary; 410 for a link that was valid, 404 for any other address."""
    link = access.link_of(secret, ShareLink.Kind.PUBLIC)
    one = access.published_by(link) if link is not None else None
    if link is None or one is None:
        raise Http404
    if (state := access.state_of(link)) is not LinkState.VALID:
        return gone(request, state)
    return private(render(request, "portal/public.html", _context(request, one, link, secret)))


def _context(request: HttpRequest, one: Conversation, link: ShareLink, secret: str) -> dict[str, Any]:
    part = wanted_part(request, one)
    messages = list(queries.transcript_of(one, (part - 1) * parts.PART, part * parts.PART))
    found = queries.insights_of(one).exclude(review=Insight.Review.REJECTED)[:MOST_CARDS]
    people = people_of(one)
    with_audio = link.audio and queries.audio_of(one).exists()
    return {
        "conversation": one,
        "title": shown_name(one, [str(member) for member in people.members]),
        "local_start": local(one.started_at, one.timezone_offset),
        "duration": duration((one.ended_at - one.started_at).total_seconds()) if one.ended_at else "",
        "live": one.ended_at is None,
        "minutes": queries.minutes_of(one),
        "insights": [(kind_of(each.type), each.text, clock(each.message.offset_s)) for each in found],
        "paragraphs": paragraphs_of(one, messages, people, {}, {}),
        "audio": f"/v1/shared/{secret}/audio" if with_audio else "",
        "expires_at": link.expires_at,
        "part": part,
        "parts": max(1, part_of(max(1, one.message_count))),
    }
