"""Titles, names and local times as people read them, in files and on pages."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext, gettext_lazy, pgettext

from insights.models import Conversation, Insight, Message
from insights.names import UNNAMED

UNKNOWN = gettext_lazy("Unknown speaker")


def local(at: datetime, offset_minutes: int) -> datetime:
    """Return a time shifted to a zone `offset_minutes` east of UTC, for display only."""
    return at + timedelta(minutes=offset_minutes)


def shown_name(conversation: Conversation, names: Sequence[str]) -> str:
    """Return the title; if the client sent none (then it is the id), the names of the members."""
    if conversation.name and conversation.name != str(conversation.pk):
        return conversation.name
    names = [shown_person(name) for name in names]
    if len(names) > 1:
        return pgettext("list", "%(first)s and %(last)s") % {"first": ", ".join(names[:-1]), "last": names[-1]}
    return names[0] if names else gettext("Untitled conversation")


def shown_person(name: str) -> str:
    """Return the name of a person as people read it: that of a voice without a name, `Speaker 1`, in the language of the page."""
    unnamed = UNNAMED.fullmatch(name)
    return gettext("Speaker %(number)s") % {"number": unnamed[1]} if unnamed else name


def stored_person(shown: str) -> str:
    """Return the stored name for a name that somebody read on a page; the inverse of `shown_person`."""
    pattern = re.escape(gettext("Speaker %(number)s") % {"number": "#"}).replace(r"\#", r"(\d+)")
    unnamed = re.fullmatch(pattern, shown, re.IGNORECASE)
    return f"Speaker {unnamed[1]}" if unnamed else shown


def shown_speaker(message: Message) -> str:
    """Return the name of who said a message, whose member and speaker are loaded."""
    return shown_person(str(message.member or message.speaker)) or str(UNKNOWN)


def shown_assignee(insight: Insight) -> str:
    """Return the name of the person who has a task, whose assignee is loaded; empty without one."""
    return shown_person(str(insight.assignee) if insight.assignee else insight.assignee_name)
