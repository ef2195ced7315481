"""The public pages of a conversation: for everybody with the link, without an account."""

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from insights import access, jobs, queries
from insights.access import LinkState
from insights.exports.titles import local, shown_name
from insights.models import Conversation, Insight, ShareLink
from insights.portal import experience, parts
from insights.portal.cards import cards_of
from insights.portal.conversation import MOST_CARDS, wanted_part
from insights.portal.faces import people_of
from insights.portal.parts import part_of
from insights.portal.template_context import TemplateContext
from insights.portal.transcript import paragraphs_of
from insights.portal.wording import duration

GONE = {
    LinkState.EXPIRED: gettext_lazy("This link has expired. Ask the person who sent it for a new one."),
    LinkState.WITHDRAWN: gettext_lazy("This link was withdrawn by the person who sent it."),
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


@require_safe
@never_cache
def shared(request: HttpRequest, secret: str) -> HttpResponse:
    """Show transcript, insights and summary, or the summary page that the link is for; 410 for a link that was valid, 404 for any other.

    An open page sends HEAD every few seconds, and closes when the answer is 410 or 404.
    """
    link = access.link_of(secret, *access.PUBLIC_KINDS)
    one = access.published_by(link) if link is not None else None
    if link is None or one is None:
        raise Http404
    if (state := access.state_of(link)) is not LinkState.VALID:
        return gone(request, state)
    if request.method == "HEAD":
        return private(HttpResponse())
    if link.kind == ShareLink.Kind.SUMMARY:
        found = queries.experience_of(one, link.experience_id or 0, timezone.now())
        if found is None:
            return gone(request, LinkState.EXPIRED)
        context = experience.context_of(one, found, "")
        style = reverse("shared_style", args=[secret])
        return private(render(request, "portal/experience.html", {**context, **_public(one, link, secret), "style": style}))
    return private(render(request, "portal/public.html", _context(request, one, link, secret)))


@require_GET
@never_cache
def shared_style(request: HttpRequest, secret: str) -> HttpResponse:
    """Return the stylesheet of a public summary page; 404 if its link is over."""
    link = access.link_of(secret, ShareLink.Kind.SUMMARY)
    one = access.published_by(link) if link is not None and access.state_of(link) is LinkState.VALID else None
    found = queries.experience_of(one, link.experience_id or 0, timezone.now()) if link is not None and one is not None else None
    if found is None:
        raise Http404
    return private(experience.style_of(found))


def _public(one: Conversation, link: ShareLink, secret: str) -> TemplateContext:
    """Return what the public pages have in common."""
    with_audio = link.audio and queries.audio_of(one).exists()
    return {"public": True, "audio": f"/v1/shared/{secret}/audio" if with_audio else "", "expires_at": link.expires_at}


def _context(request: HttpRequest, one: Conversation, link: ShareLink, secret: str) -> TemplateContext:
    part = wanted_part(request, one)
    messages = list(queries.transcript_of(one, (part - 1) * parts.PART, part * parts.PART))
    found = queries.insights_of(one).exclude(review=Insight.Review.REJECTED)[:MOST_CARDS]
    people = people_of(one)
    return {
        **_public(one, link, secret),
        "conversation": one,
        "title": shown_name(one, [str(member) for member in people.members]),
        "local_start": local(one.started_at, one.timezone_offset),
        "duration": duration((one.ended_at - one.started_at).total_seconds()) if one.ended_at else "",
        "live": one.ended_at is None,
        "importing": one.ended_at is None and bool(jobs.importing_among([one.pk])),
        "minutes": queries.minutes_of(one),
        "cards": cards_of(found, one, people, part, AnonymousUser()),
        "paragraphs": paragraphs_of(one, messages, people, {}, {}),
        "part": part,
        "parts": max(1, part_of(max(1, one.message_count))),
    }
