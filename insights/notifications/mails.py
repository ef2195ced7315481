"""The words of the mails. Spoken words are in them only where the account chose so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone

from django.conf import settings

from insights import queries
from insights.insight_kinds import kinds
from insights.models import Conversation, Insight, NotificationContent
from insights.site_address import site_address


@dataclass(frozen=True, slots=True)
class Mail:
    """Subject and text of a mail."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What mails say about a conversation; `summary` is empty unless an account wants words."""

    title: str
    figures: str
    summary: str
    link: str
    settings_link: str


def facts_of(conversation: Conversation, *, words: bool) -> Facts:
    """Return what mails say about a conversation."""
    site = site_address(settings.PORT)
    return Facts(
        title=_title(conversation),
        figures=_figures(conversation),
        summary=" ".join(text for _, text in queries.summary_of(conversation)) if words else "",
        link=f"{site}/conversations/{conversation.id}/",
        settings_link=f"{site}/account/notifications/",
    )


def mail_of_end(facts: Facts, mine: Sequence[Insight], content: str) -> Mail:
    """Return the mail about a conversation that is over; `mine` are the reader's own tasks."""
    parts = [f"The conversation “{facts.title}” has ended."]
    if mine:
        parts.append(_count(len(mine), "task is yours.", "tasks are yours."))
    if content != NotificationContent.TITLE:
        parts.append(facts.figures)
    if content == NotificationContent.WORDS:
        parts += [facts.summary, _tasks(mine)]
    return Mail(f"Parley: {facts.title}", _text(parts, facts))


def mail_of_tasks(facts: Facts, mine: Sequence[Insight], content: str) -> Mail:
    """Return the mail about tasks of the reader."""
    number = _count(len(mine), "task", "tasks")
    parts = [f"You have {number} in “{facts.title}”."]
    if content == NotificationContent.WORDS:
        parts.append(_tasks(mine))
    return Mail(f"Parley: {number} for you in {facts.title}", _text(parts, facts))


def _title(conversation: Conversation) -> str:
    """Return the title; if the client sent none (then it is the id), the time of the start."""
    if conversation.name and conversation.name != str(conversation.pk):
        return conversation.name
    zone = timezone(timedelta(minutes=conversation.timezone_offset))
    return f"Conversation, {conversation.started_at.astimezone(zone):%-d %b %Y, %H:%M}"


def _figures(conversation: Conversation) -> str:
    counts = queries.insight_counts([conversation]).get(conversation.id, {})
    ended = conversation.ended_at or conversation.started_at
    minutes = max(1, round((ended - conversation.started_at).total_seconds() / 60))
    figures = [f"{minutes} min", _count(conversation.message_count, "message", "messages")]
    figures += [f"{kind.plural}: {counts[kind.name]}" for kind in kinds() if counts.get(kind.name)]
    return ", ".join(figures)


def _tasks(tasks: Sequence[Insight]) -> str:
    lines = [f"- {one.text}{f' (due {one.due_at:%-d %b %Y})' if one.due_at else ''}" for one in tasks]
    return "\n".join(["Your tasks:", *lines]) if lines else ""


def _text(parts: Sequence[str], facts: Facts) -> str:
    end = f"Choose which mails you get: {facts.settings_link}"
    return "\n\n".join(part for part in (*parts, facts.link, end) if part) + "\n"


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
