"""The words of the mails, in the language that is active. Spoken words are in them only where the account chose so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from insights import kind_words, queries
from insights.insight_kinds import kinds
from insights.models import Conversation, Insight, NotificationContent
from insights.site_address import site_address


@dataclass(frozen=True, slots=True)
class Mail:
    """Subject and text of a mail. `without_words`: the text without what was said; empty if there is nothing of it in the text."""

    subject: str
    text: str
    without_words: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What mails say about a conversation. `name` is empty if it has no title; `summary` is empty unless an account wants words."""

    name: str
    local_start: datetime
    minutes: int
    messages: int
    insights: Mapping[str, int]
    summary: str
    link: str
    settings_link: str

    @property
    def title(self) -> str:
        """The title; if the client sent none, the time of the start."""
        return self.name or _("Conversation, %(start)s") % {"start": date_format(self.local_start, "SHORT_DATETIME_FORMAT")}


def facts_of(conversation: Conversation, *, words: bool) -> Facts:
    """Return what mails say about a conversation."""
    site = site_address(settings.PORT)
    ended = conversation.ended_at or conversation.started_at
    return Facts(
        name=conversation.name if conversation.name != str(conversation.pk) else "",
        local_start=conversation.started_at.astimezone(timezone(timedelta(minutes=conversation.timezone_offset))),
        minutes=max(1, round((ended - conversation.started_at).total_seconds() / 60)),
        messages=conversation.message_count,
        insights=queries.insight_counts([conversation]).get(conversation.id, {}),
        summary=" ".join(text for _id, text in queries.summary_of(conversation)) if words else "",
        link=f"{site}/conversations/{conversation.id}/",
        settings_link=f"{site}/account/notifications/",
    )


def mail_of_end(facts: Facts, mine: Sequence[Insight], content: str) -> Mail:
    """Return the mail about a conversation that is over; `mine` are the reader's own tasks."""
    parts = [_("The conversation “%(title)s” has ended.") % {"title": facts.title}]
    if mine:
        parts.append(ngettext("%(number)d task is yours.", "%(number)d tasks are yours.", len(mine)) % {"number": len(mine)})
    if content != NotificationContent.TITLE:
        parts.append(_figures(facts))
    return _mail(f"Parley: {facts.title}", parts, [facts.summary, _tasks(mine, facts)], facts, content)


def mail_of_tasks(facts: Facts, mine: Sequence[Insight], content: str) -> Mail:
    """Return the mail about tasks of the reader."""
    values = {"number": len(mine), "title": facts.title}
    parts = [ngettext("You have %(number)d task in “%(title)s”.", "You have %(number)d tasks in “%(title)s”.", len(mine)) % values]
    subject = ngettext("Parley: %(number)d task for you in %(title)s", "Parley: %(number)d tasks for you in %(title)s", len(mine)) % values
    return _mail(subject, parts, [_tasks(mine, facts)], facts, content)


def mail_of_share(facts: Facts, name: str, team: str, *, edit: bool) -> Mail:
    """Return the mail about a conversation that `name` shared with the reader, or with a team of the reader."""
    values = {"name": name, "title": facts.title, "team": team}
    if team:
        shared = _("%(name)s shared the conversation “%(title)s” with the team %(team)s.") % values
    else:
        shared = _("%(name)s shared the conversation “%(title)s” with you.") % values
    allowed = _("You can read and edit it.") if edit else _("You can read it.")
    return Mail(_("Parley: %(name)s shared “%(title)s”") % values, _text([f"{shared} {allowed}"], facts))


def _mail(subject: str, parts: Sequence[str], words: Sequence[str], facts: Facts, content: str) -> Mail:
    """Return a mail with the words of the conversation where the account chose so."""
    plain = _text(parts, facts)
    if content != NotificationContent.WORDS:
        return Mail(subject, plain)
    return Mail(subject, _text([*parts, *words], facts), plain)


def _figures(facts: Facts) -> str:
    messages = ngettext("%(number)d message", "%(number)d messages", facts.messages) % {"number": facts.messages}
    counts = [f"{kind_words.plural(kind)}: {facts.insights[kind.name]}" for kind in kinds() if facts.insights.get(kind.name)]
    return ", ".join([_("%(minutes)d min") % {"minutes": facts.minutes}, messages, *counts])


def _tasks(tasks: Sequence[Insight], facts: Facts) -> str:
    """Return a line for each task, with its due date in the time zone of the conversation."""
    zone = facts.local_start.tzinfo
    lines = [f"- {one.text} ({_due(one.due_at.astimezone(zone))})" if one.due_at else f"- {one.text}" for one in tasks]
    return "\n".join([_("Your tasks:"), *lines]) if lines else ""


def _due(at: datetime) -> str:
    return _("due %(date)s") % {"date": date_format(at, "SHORT_DATE_FORMAT")}


def _text(parts: Sequence[str], facts: Facts) -> str:
    end = _("Choose which mails you get: %(link)s") % {"link": facts.settings_link}
    return "\n\n".join(part for part in (*parts, facts.link, end) if part) + "\n"
