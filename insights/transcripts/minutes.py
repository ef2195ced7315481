"""The minutes of a conversation as Markdown, in the language that is active."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from insights.queries import Minutes, TaskItem
from insights.transcripts.markdown import escaped


def minutes_markdown(title: str, begun: datetime, offset_minutes: int, people: Sequence[str], minutes: Minutes) -> str:
    """Return title, date, people and the parts of the minutes that are not empty.

    Args:
        title: name of the conversation.
        begun: its start.
        offset_minutes: its time zone, in which all times are shown.
        people: names of the members.
        minutes: what was found.
    """
    offset = timedelta(minutes=offset_minutes)
    begun += offset
    return "".join(
        [
            f"# {_plain(title)}\n\n{date_format(begun, 'LONG_DATETIME_FORMAT')}\n",
            f"\n{_('People: %(names)s') % {'names': ', '.join(map(_plain, people))}}\n" if people else "",
            *_section(_("Summary"), (f"- {_plain(one.text)}" for one in minutes.summary)),
            *_section(_("Decisions"), (f"- {_plain(one.text)}" for one in minutes.decisions)),
            *_section(_("Tasks"), (_task(one, offset) for one in minutes.tasks)),
            *_section(_("Open questions"), (f"- {_plain(one.text)}" for one in minutes.questions)),
            *_section(_("Topics"), (f"- {_plain(one.text)}" for one in minutes.topics)),
        ]
    )


def _section(heading: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield f"\n## {heading}\n\n" + "\n".join(found) + "\n"


def _task(task: TaskItem, offset: timedelta) -> str:
    """Return the line of a task: `- [ ] Send the report (Ada, due 6 March 2026)`."""
    facts = [_plain(task.assignee)] if task.assignee else []
    if task.due_at is not None:
        facts.append(_("due %(date)s") % {"date": date_format(task.due_at + offset, "DATE_FORMAT")})
    behind = f" ({', '.join(facts)})" if facts else ""
    return f"- [{'x' if task.done else ' '}] {_plain(task.text)}{behind}"


def _plain(text: str) -> str:
    """Return a text on one line, whose characters have no meaning in Markdown."""
    return escaped(" ".join(text.split()))
