"""The page of an experience: summary, topics and insights of a conversation, in the look that was requested over the API."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from insights import queries
from insights.analysis.text.supported_languages import knows
from insights.exports.titles import local, shown_assignee, shown_name
from insights.insight_kinds import InsightKind, kind_of
from insights.models import Conversation, Experience, Insight, Message
from insights.portal.conversation import MOST_CARDS
from insights.portal.faces import ShownPeople, people_of, person_of
from insights.portal.parts import message_link
from insights.portal.signed_in import user_of
from insights.portal.template_context import TemplateContext
from insights.portal.wording import clock, duration
from insights.task_text import as_task

_DARK, _LIGHT = "#1c232e", "#ffffff"
_NO_PART = 0
"""This page shows no part of the transcript, so that each link names its part."""

MOST_TOPICS = 12


@dataclass(frozen=True, slots=True)
class LinkedInsight:
    """One insight with a link to its message."""

    kind: InsightKind
    text: str
    who: str
    place: str
    assignee: str
    due: datetime | None
    href: str


def _experience(request: HttpRequest, conversation_id: int, experience_id: int) -> tuple[Conversation, Experience]:
    """Return an experience of one of the user's own conversations; 404 for any other, and for one that has expired."""
    conversation = queries.conversation_for(user_of(request).pk, conversation_id)
    found = queries.experience_of(conversation, experience_id, timezone.now()) if conversation is not None else None
    if conversation is None or found is None:
        raise Http404
    return conversation, found


@require_GET
@login_required
def experience(request: HttpRequest, conversation_id: int, experience_id: int) -> HttpResponse:
    """Show the page to those who may see the conversation."""
    one, found = _experience(request, conversation_id, experience_id)
    context = context_of(one, found, reverse("conversation", args=[one.pk]))
    style = reverse("experience_style", args=[one.pk, found.pk])
    return render(request, "portal/experience.html", {**context, "style": style})


def context_of(one: Conversation, found: Experience, page: str) -> TemplateContext:
    """Return what the page shows. `page`: the path of the conversation's page; empty: nothing leads there."""
    insights = list(queries.insights_of(one).exclude(review=Insight.Review.REJECTED)[:MOST_CARDS])
    summary = [text for _, text in queries.summary_of(one)] if knows(one.language) else []
    people = people_of(one)
    return {
        "conversation": one,
        "experience": found,
        "title": shown_name(one, [str(member) for member in people.members]),
        "local_start": local(one.started_at, one.timezone_offset),
        "duration": duration((one.ended_at - one.started_at).total_seconds()) if one.ended_at else "",
        "summary": summary,
        "topics": [(text, _link(page, first)) for text, first in queries.leading_topics(one, MOST_TOPICS)],
        "cards": _cards(insights, one, people, page),
    }


def _link(page: str, message: Message | None) -> str:
    return page + message_link(message, _NO_PART) if page and message else ""


def _cards(insights: Sequence[Insight], conversation: Conversation, people: ShownPeople, page: str) -> list[LinkedInsight]:
    return [
        LinkedInsight(
            kind=kind_of(one.type),
            text=as_task(one.text, one.action_phrase, edited=bool(one.original_text)),
            who=people.face(person_of(one.message)).name,
            place=clock(one.message.offset_s),
            assignee=shown_assignee(one),
            due=local(one.due_at, conversation.timezone_offset) if one.due_at else None,
            href=_link(page, one.message),
        )
        for one in insights
    ]


@require_GET
@login_required
def experience_style(request: HttpRequest, conversation_id: int, experience_id: int) -> HttpResponse:
    """Return the stylesheet of the look to those who may see the conversation."""
    _, found = _experience(request, conversation_id, experience_id)
    return style_of(found)


def style_of(found: Experience) -> HttpResponse:
    """Return the stylesheet of a look; its values were checked when they were stored (`insights.models.bookmarks`)."""
    rules = []
    if found.background:
        ink = _ink_on(found.background)
        rules.append(f"body {{ background: {found.background}; }} main, main .facts, main .facts a, main .hint {{ color: {ink}; }}")
    if found.topics_colour:
        rules.append(f".chip {{ border-color: {found.topics_colour}; }}")
    if found.insights_colour:
        rules.append(f".insight > .card-link {{ border-left-color: {found.insights_colour}; }}")
    if found.font:
        rules.append(f'body {{ font-family: "{found.font}", var(--sans); }}')
    return HttpResponse("\n".join(rules), content_type="text/css; charset=utf-8")


def _ink_on(background: str) -> str:
    """Return a colour of text that is readable on a background (W3C's formula of relative luminance)."""
    channels = [int(background[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return _DARK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.2 else _LIGHT
