"""Parts of a long conversation's page, and the links to its messages."""

from collections.abc import Iterable
from urllib.parse import urlencode

from django.urls import reverse

from insights.models import Message

PART = 2000
"""Messages on one page; a longer conversation has several parts."""


def part_of(number: int) -> int:
    """Return the part (from 1) that shows the message of a number (from 1)."""
    return (number - 1) // PART + 1


def message_link(message: Message, part: int) -> str:
    """Return the link to a message, relative to the page that shows `part` of its conversation."""
    there = part_of(message.number)
    return (f"?part={there}" if there != part else "") + f"#m-{message.id}"


def message_address(message: Message, words: Iterable[str] = ()) -> str:
    """Return the path of a message on the page of its conversation, which highlights `words` in it."""
    part = part_of(message.number)
    values = [*([("part", str(part))] if part > 1 else []), *(("find", word) for word in words)]
    query = f"?{urlencode(values)}" if values else ""
    return f"{reverse('conversation', args=[message.conversation_id])}{query}#m-{message.pk}"
