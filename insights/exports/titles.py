"""Titles, names and local times as people read them, in files and on pages."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext, gettext_lazy, pgettext

from insights.models import Conversation

UNKNOWN = gettext_lazy("Unknown speaker")


def local(at: datetime, offset_minutes: int) -> datetime:
    """Return a time shifted to a zone `offset_minutes` east of UTC, for display only."""
    return at + timedelta(minutes=offset_minutes)


def shown_name(conversation: Conversation, names: Sequence[str]) -> str:
    """Return the title; if the client sent none (then it is the id), the names of the members."""
    if conversation.name and conversation.name != str(conversation.pk):
        return conversation.name
    if len(names) > 1:
        return pgettext("list", "%(first)s and %(last)s") % {"first": ", ".join(names[:-1]), "last": names[-1]}
    return names[0] if names else gettext("Untitled conversation")
