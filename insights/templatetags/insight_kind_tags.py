"""Template tags that give pages and their scripts the registered kinds of insights."""

import json

from django import template

from insights import insight_kinds, kind_words

register = template.Library()


@register.simple_tag
def all_insight_kinds() -> tuple[insight_kinds.InsightKind, ...]:
    """Return all registered kinds, in the order in which lists show them."""
    return insight_kinds.kinds()


@register.simple_tag
def insight_plurals(word: str) -> str:
    """Return the plurals of all kinds as a part of a sentence, with a word such as `and` before the last."""
    return kind_words.listed(word)


@register.simple_tag
def insight_kinds_json() -> str:
    """Return JSON for a data attribute: a list of {type, name, label, icon, colour, task}; `type` is that of the Symbl WebSocket.

    `task`: whether insights of this kind are tasks, with an assignee and a due date.
    """
    kinds = [
        {
            "type": kind.wire_type,
            "name": kind.name,
            "label": kind_words.label(kind),
            "icon": kind.icon_id,
            "colour": kind.colour,
            "task": kind.assignable,
        }
        for kind in insight_kinds.kinds()
    ]
    return json.dumps(kinds)
